// bench_vector_faiss: Debian's faiss beside ours (tests/bench/vector_peer.h). KIND: flat (an HNSW graph over float32), sq8 (over 8-bit
// codes), or exact (a scan).
#include <faiss/IndexFlat.h>
#include <faiss/IndexHNSW.h>
#include <omp.h>

#include <cstring>
#include <memory>
#include <vector>

#include "vector_peer.h"

namespace
{

const int degree = 16, build_width = 200;

std::unique_ptr<faiss::Index> index_;
faiss::IndexHNSW *graph;
int dimensions;

void build(const peer_data *data, const char *kind, unsigned threads)
{
    faiss::MetricType metric = data->is_cosine ? faiss::METRIC_INNER_PRODUCT : faiss::METRIC_L2;

    dimensions = static_cast<int>(data->dimensions);
    if (std::strcmp(kind, "exact") == 0)
        index_ = std::make_unique<faiss::IndexFlat>(dimensions, metric);
    else if (std::strcmp(kind, "sq8") == 0)
        index_ = std::make_unique<faiss::IndexHNSWSQ>(dimensions, faiss::ScalarQuantizer::QT_8bit, degree, metric);
    else
        index_ = std::make_unique<faiss::IndexHNSWFlat>(dimensions, degree, metric);
    graph = dynamic_cast<faiss::IndexHNSW *>(index_.get());
    if (graph)
        graph->hnsw.efConstruction = build_width;
    omp_set_num_threads(static_cast<int>(threads));
    index_->train(data->count, data->rows);
    index_->add(data->count, data->rows);
    omp_set_num_threads(1);
}

// All queries in one call, as it wants them: one thread takes them one by one; a scan takes them together, which is its best.
void search(const float *queries, uint32_t count, uint32_t width, uint32_t *ids)
{
    std::vector<float> scores(size_t{count} * PEER_K);
    std::vector<decltype(faiss::Index::ntotal)> found(size_t{count} * PEER_K);

    if (graph)
        graph->hnsw.efSearch = static_cast<int>(width);
    index_->search(count, queries, PEER_K, scores.data(), found.data());
    for (size_t i = 0; i < found.size(); i++)
        ids[i] = found[i] < 0 ? UINT32_MAX : static_cast<uint32_t>(found[i]);
}

} // namespace

int main(int argc, char **argv)
{
    const peer_engine engine = {build, search, nullptr, nullptr, nullptr, nullptr};

    return peer_main(argc, argv, &engine);
}
