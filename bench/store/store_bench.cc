// What a store costs: throughput of whole packs, of small objects and of ranged reads, and the processor time this
// process spent on them. One line a measurement, values by name.
//
//   store_bench URL [MIB]      MIB of data in packs (default 1024)

#include <sys/resource.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

#include "base/error.h"
#include "base/random.h"
#include "base/units.h"
#include "store/store.h"

namespace lifeboat {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20U;
constexpr std::size_t kPackBytes = 32 * kMiB;
constexpr std::size_t kRecordBytes = 48 << 10;  // about what a sealed chunk has

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::string pack_name(std::size_t number) {
  return format("packs/{:02x}/{:030x}", number % 256, number);
}

class Bench {
 public:
  Bench(std::string_view url, std::size_t packs)
      : store_(store::open_store(url)), packs_(packs), record_(random_bytes(kRecordBytes)) {}

  // `work(i)` for i = 0 … count-1 on `threads` threads; `bytes` and `operations` are of all of them.
  template <typename Work>
  void measure(std::string_view what, int threads, std::size_t count, std::size_t bytes, Work work) {
    std::atomic<std::size_t> next = 0;
    const double cpu = cpu_seconds();
    const Stopwatch watch;
    {
      std::vector<std::jthread> running;
      for (int i = 0; i < threads; ++i) {
        running.emplace_back([&] {
          for (std::size_t n = next++; n < count; n = next++) work(n);
        });
      }
    }
    const double seconds = watch.seconds();
    const double gib = static_cast<double>(bytes) / (1024.0 * static_cast<double>(kMiB));
    std::printf("%-22.*s threads %d  MiB/s %7.1f  operations/s %8.1f  cpu_s/GiB %6.2f\n", static_cast<int>(what.size()),
                what.data(), threads, gib * 1024 / seconds, static_cast<double>(count) / seconds,
                gib > 0 ? (cpu_seconds() - cpu) / gib : 0.0);
    std::fflush(stdout);
  }

  void write_packs(int threads) {
    measure("write 32 MiB packs", threads, packs_, packs_ * kPackBytes, [&](std::size_t n) {
      const auto writer = store_->create(pack_name(n));
      std::size_t size = 0;
      for (; size + kRecordBytes <= kPackBytes; size += kRecordBytes) writer->append(record_);
      writer->append(ByteView(record_).first(kPackBytes - size));
      writer->commit();
    });
  }

  void read_ranges(int threads, std::size_t size) {
    const std::size_t count = std::min<std::size_t>(2000, 1024 * kMiB / size);
    std::vector<std::pair<std::size_t, std::size_t>> places(count);
    std::mt19937_64 random(1);
    for (auto& [pack, offset] : places) {
      pack = random() % packs_;
      offset = random() % (kPackBytes - size);
    }
    measure(format("read {} ranges", format_size(size)), threads, count, count * size, [&](std::size_t n) {
      thread_local Bytes buffer;
      buffer.resize(size);
      store_->get_range(pack_name(places[n].first), places[n].second, buffer);
    });
  }

  void small_objects(int threads) {
    constexpr std::size_t kCount = 200;
    const Bytes small = random_bytes(500);
    measure("put 500 B objects", threads, kCount, 0, [&](std::size_t n) { store_->put(format("small/{}", n), small); });
    measure("get 500 B objects", threads, kCount, 0, [&](std::size_t n) { store_->get(format("small/{}", n)); });
    measure("find absent", threads, kCount, 0, [&](std::size_t n) { store_->find(format("absent/{}", n)); });
    measure("remove", threads, kCount, 0, [&](std::size_t n) { store_->remove(format("small/{}", n)); });
  }

  void run() {
    write_packs(2);
    for (const int threads : {1, 4, 8}) read_ranges(threads, 4 * kMiB);
    for (const int threads : {1, 4}) read_ranges(threads, 128 << 10);
    for (const int threads : {1, 4}) small_objects(threads);
    std::printf("latency_ms %ld\n", static_cast<long>(store_->latency().count()));
    for (std::size_t n = 0; n < packs_; ++n) store_->remove(pack_name(n));
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    std::printf("peak_mib %ld\n", usage.ru_maxrss / 1024);
  }

 private:
  std::unique_ptr<store::Store> store_;
  std::size_t packs_;
  Bytes record_;
};

}  // namespace
}  // namespace lifeboat

int main(int argc, char** argv) {
  try {
    if (argc < 2) lifeboat::fail(lifeboat::Code::kUsage, "usage: store_bench URL [MIB]");
    const std::size_t mib = argc > 2 ? static_cast<std::size_t>(std::atol(argv[2])) : 1024;
    lifeboat::Bench(argv[1], std::max<std::size_t>(1, mib / 32)).run();
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 1;
  }
}
