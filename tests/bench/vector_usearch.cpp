// bench_vector_usearch: USearch beside ours (tests/bench/vector_peer.h), from the C++ sources that its npm package carries, compiled for
// this machine: the package's interface for Node fixes a search's width when an index is made. KIND: f32, f16 or i8.
#include <usearch/index_dense.hpp>

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "vector_peer.h"

namespace
{

using unum::usearch::index_dense_config_t;
using unum::usearch::index_dense_t;
using unum::usearch::metric_kind_t;
using unum::usearch::metric_punned_t;
using unum::usearch::scalar_kind_t;

const size_t degree = 16, build_width = 200;

index_dense_t graph;
size_t dimensions;

scalar_kind_t kind_of(const char *kind)
{
    if (std::strcmp(kind, "f16") == 0)
        return scalar_kind_t::f16_k;
    return std::strcmp(kind, "i8") == 0 ? scalar_kind_t::i8_k : scalar_kind_t::f32_k;
}

void build(const peer_data *data, const char *kind, unsigned threads)
{
    dimensions = data->dimensions;
    // cos, as it documents for all three: i8 has no inner product of its own there
    metric_punned_t metric(dimensions, data->is_cosine ? metric_kind_t::cos_k : metric_kind_t::l2sq_k, kind_of(kind));
    auto made = index_dense_t::make(metric, index_dense_config_t(degree, build_width, PEER_K));

    if (!made)
        peer_fail("%s", made.error.what());
    graph = std::move(made.index);
    if (!graph.try_reserve(unum::usearch::index_limits_t(data->count, threads)))
        peer_fail("no memory");

    std::atomic<uint32_t> next{0};
    auto work = [&](size_t thread) {
        for (uint32_t i; (i = next++) < data->count;)
            if (!graph.add(i, data->rows + size_t{i} * dimensions, thread))
                peer_fail("row %u was not added", i);
    };
    std::vector<std::thread> others;
    for (unsigned t = 1; t < threads; t++)
        others.emplace_back(work, t);
    work(0);
    for (auto &other : others)
        other.join();
}

void search(const float *queries, uint32_t count, uint32_t width, uint32_t *ids)
{
    graph.change_expansion_search(width);
    for (uint32_t q = 0; q < count; q++) {
        auto found = graph.search(queries + size_t{q} * dimensions, PEER_K, 0);
        uint32_t *out = ids + size_t{q} * PEER_K;

        for (size_t i = 0; i < PEER_K; i++)
            out[i] = i < found.size() ? static_cast<uint32_t>(found[i].member.key) : UINT32_MAX;
    }
}

double own_bytes()
{
    return static_cast<double>(graph.memory_usage());
}

} // namespace

int main(int argc, char **argv)
{
    const peer_engine engine = {build, search, nullptr, own_bytes, nullptr, nullptr};

    return peer_main(argc, argv, &engine);
}
