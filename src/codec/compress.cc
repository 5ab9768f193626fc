#include "codec/compress.h"

#include <zstd.h>

#include <memory>
#include <new>

#include "base/error.h"

namespace lifeboat::codec {

namespace {

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};
using Compressor = std::unique_ptr<ZSTD_CCtx, FreeContext>;
using Decompressor = std::unique_ptr<ZSTD_DCtx, FreeContext>;

std::size_t check_compressed(std::size_t result) {
  if (ZSTD_isError(result) != 0) fail(Code::kInternal, format("zstd: {}", ZSTD_getErrorName(result)));
  return result;
}

Compressor make_compressor() {
  Compressor context(ZSTD_createCCtx());
  if (!context) throw std::bad_alloc();
  return context;
}

ZSTD_DCtx* decompressor() {
  thread_local const Decompressor context(ZSTD_createDCtx());
  if (!context) throw std::bad_alloc();
  return context.get();
}

[[noreturn]] void bad_frame(std::string_view why) {
  fail(Code::kCorruption, format("compressed data: {}", why));
}

/// The content's size as the frame states it; the frame must be whole and alone.
std::size_t frame_content_size(ByteView frame, std::size_t max_size) {
  const unsigned long long size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN) bad_frame("no size");
  if (size > max_size) bad_frame("larger than allowed");
  if (ZSTD_findFrameCompressedSize(frame.data(), frame.size()) != frame.size()) bad_frame("truncated, or more follows");
  return static_cast<std::size_t>(size);
}

std::size_t decompress_frame(ByteView frame, ByteSpan out) {
  const std::size_t size = frame_content_size(frame, out.size());
  const std::size_t result = ZSTD_decompressDCtx(decompressor(), out.data(), size, frame.data(), frame.size());
  if (ZSTD_isError(result) != 0) bad_frame(ZSTD_getErrorName(result));
  if (result != size) bad_frame("shorter than it says");
  return size;
}

}  // namespace

std::size_t compress_bound(std::size_t size) {
  return ZSTD_compressBound(size);
}

std::size_t compress(ByteView in, ByteSpan out, int level) {
  thread_local const Compressor context = make_compressor();
  check_compressed(ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level));
  return check_compressed(ZSTD_compress2(context.get(), out.data(), out.size(), in.data(), in.size()));
}

std::size_t compress_with_prefix(ByteView in, ByteView prefix, ByteSpan out, int level) {
  // A context of its own: its tables fit inputs of a few blocks, and are not resized at every other call.
  thread_local const Compressor context = make_compressor();
  check_compressed(ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level));
  check_compressed(ZSTD_CCtx_refPrefix(context.get(), prefix.data(), prefix.size()));
  return check_compressed(ZSTD_compress2(context.get(), out.data(), out.size(), in.data(), in.size()));
}

std::size_t decompress(ByteView frame, ByteSpan out) {
  return decompress_frame(frame, out);
}

std::size_t decompress_with_prefix(ByteView frame, ByteView prefix, ByteSpan out) {
  check_compressed(ZSTD_DCtx_refPrefix(decompressor(), prefix.data(), prefix.size()));
  try {
    return decompress_frame(frame, out);
  } catch (...) {
    ZSTD_DCtx_reset(decompressor(), ZSTD_reset_session_and_parameters);  // forget the caller's prefix
    throw;
  }
}

Bytes compress(ByteView in, int level) {
  Bytes out(compress_bound(in.size()));
  out.resize(compress(in, out, level));
  return out;
}

Bytes decompress(ByteView frame, std::size_t max_size) {
  Bytes out(frame_content_size(frame, max_size));
  decompress_frame(frame, out);
  return out;
}

}  // namespace lifeboat::codec
