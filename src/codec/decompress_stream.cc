#include "codec/decompress_stream.h"

#include <zstd.h>

#include <new>

#include "base/error.h"

namespace lifeboat::codec {

namespace {
struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};
}  // namespace

struct DecompressStream::State {
  std::unique_ptr<ZSTD_DCtx, FreeContext> context{ZSTD_createDCtx()};
  ZSTD_inBuffer in{};
  std::size_t wanted = 0;  ///< 0: a frame has just ended
};

DecompressStream::DecompressStream(ByteView in) : state_(std::make_unique<State>()) {
  if (!state_->context) throw std::bad_alloc();
  state_->in = {in.data(), in.size(), 0};
}
DecompressStream::DecompressStream(DecompressStream&&) noexcept = default;
DecompressStream& DecompressStream::operator=(DecompressStream&&) noexcept = default;
DecompressStream::~DecompressStream() = default;

std::size_t DecompressStream::read(ByteSpan out) {
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  while (to.pos < to.size) {
    const std::size_t before = to.pos + state_->in.pos;
    if (state_->in.pos == state_->in.size && state_->wanted == 0) break;
    state_->wanted = ZSTD_decompressStream(state_->context.get(), &to, &state_->in);
    if (ZSTD_isError(state_->wanted) != 0) {
      fail(Code::kCorruption, format("compressed data: {}", ZSTD_getErrorName(state_->wanted)));
    }
    if (to.pos + state_->in.pos == before) fail(Code::kCorruption, "compressed data: truncated");
  }
  return to.pos;
}

}  // namespace lifeboat::codec
