// bench_vector_hnswlib: hnswlib beside ours (tests/bench/vector_peer.h). Built once for each version of hnswlib that is here.
#include <hnswlib/hnswlib.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "vector_peer.h"

namespace
{

const size_t degree = 16, build_width = 200;

std::unique_ptr<hnswlib::SpaceInterface<float>> space;
std::unique_ptr<hnswlib::HierarchicalNSW<float>> graph;
size_t dimensions;

void build(const peer_data *data, const char *, unsigned threads)
{
    dimensions = data->dimensions;
    if (data->is_cosine)
        space = std::make_unique<hnswlib::InnerProductSpace>(dimensions);
    else
        space = std::make_unique<hnswlib::L2Space>(dimensions);
    graph = std::make_unique<hnswlib::HierarchicalNSW<float>>(space.get(), data->count, degree, build_width);

    std::atomic<uint32_t> next{1};
    graph->addPoint(data->rows, 0);
    auto work = [&] {
        for (uint32_t i; (i = next++) < data->count;)
            graph->addPoint(data->rows + size_t{i} * dimensions, i);
    };
    std::vector<std::thread> others;
    for (unsigned t = 1; t < threads; t++)
        others.emplace_back(work);
    work();
    for (auto &other : others)
        other.join();
}

template <typename look> void find(const float *queries, uint32_t count, uint32_t width, uint32_t *ids, look nearest)
{
    graph->setEf(width);
    for (uint32_t q = 0; q < count; q++) {
        auto found = nearest(queries + size_t{q} * dimensions);
        uint32_t *out = ids + size_t{q} * PEER_K;

        for (size_t i = found.size(); i < PEER_K; i++)
            out[i] = UINT32_MAX;
        for (size_t i = found.size(); i-- > 0; found.pop())
            out[i] = static_cast<uint32_t>(found.top().second);
    }
}

void search(const float *queries, uint32_t count, uint32_t width, uint32_t *ids)
{
    find(queries, count, width, ids, [](const float *query) { return graph->searchKnn(query, PEER_K); });
}

#ifdef BENCH_FILTER // versions from 0.7 on have filters

struct within final : hnswlib::BaseFilterFunctor {
    const uint32_t *ranks;
    uint32_t below;

    explicit within(const peer_filter *filter) : ranks(filter->ranks), below(filter->below) {}
    bool operator()(hnswlib::labeltype id) override
    {
        return ranks[id] < below;
    }
};

void filtered(const float *queries, uint32_t count, uint32_t width, const peer_filter *filter, uint32_t *ids)
{
    within passes(filter);

    find(queries, count, width, ids, [&](const float *query) { return graph->searchKnn(query, PEER_K, &passes); });
}

#else

const auto filtered = nullptr;

#endif

// By its own formula: the record of each node at the lowest level, a pointer and a lock; higher levels are 1/15 of the nodes, each with
// its list.
double own_bytes()
{
    double bytes = static_cast<double>(graph->max_elements_) *
                   (static_cast<double>(graph->size_data_per_element_) + sizeof(void *) + sizeof(std::mutex));

    for (int level : graph->element_levels_)
        bytes += static_cast<double>(level) * static_cast<double>(graph->size_links_per_element_);
    return bytes;
}

} // namespace

int main(int argc, char **argv)
{
    const peer_engine engine = {build, search, filtered, own_bytes, nullptr, nullptr};

    return peer_main(argc, argv, &engine);
}
