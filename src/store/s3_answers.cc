#include "store/s3_answers.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "store/xml.h"

namespace lifeboat::store {
namespace {

constexpr std::size_t kKeySizeMax = 1024;
constexpr std::size_t kMessageSizeMax = 300;

XmlNode parse_document(ByteView body, std::string_view root) {
  XmlNode node = parse_xml(as_text(body), root);
  if (node.name != root) fail(Code::kCorruption, format("expected a {} from the store, not this document", root));
  return node;
}

std::string required(const XmlNode& node, std::string_view child) {
  const std::string_view text = node.text_of(child);
  if (text.empty() || text.size() > kKeySizeMax) {
    fail(Code::kCorruption, format("{} without a proper {}", node.name, child));
  }
  return std::string(text);
}

std::uint64_t required_number(const XmlNode& node, std::string_view child) {
  const auto number = parse_number(node.text_of(child));
  if (!number) fail(Code::kCorruption, format("{} without a proper {}", node.name, child));
  return *number;
}

}  // namespace

S3List parse_list(ByteView body, std::string_view after) {
  const XmlNode root = parse_document(body, "ListBucketResult");
  S3List list{.truncated = root.text_of("IsTruncated") == "true"};
  std::string last(after);
  for (const XmlNode& node : root.children) {
    if (node.name != "Contents") continue;
    S3Object object{.key = required(node, "Key"),
                    .size = required_number(node, "Size"),
                    .modified = parse_s3_time(node.text_of("LastModified"))};
    if (object.key <= last) {
      fail(Code::kCorruption, "the store lists its objects out of order, or twice",
           "A proxy or cache between may answer with an old page; talk to the store directly.");
    }
    last = object.key;
    list.objects.push_back(std::move(object));
  }
  if (list.truncated && list.objects.empty()) fail(Code::kCorruption, "an empty page of a list that goes on");
  return list;
}

S3Uploads parse_uploads(ByteView body) {
  const XmlNode root = parse_document(body, "ListMultipartUploadsResult");
  S3Uploads uploads{.truncated = root.text_of("IsTruncated") == "true"};
  for (const XmlNode& node : root.children) {
    if (node.name != "Upload") continue;
    uploads.uploads.push_back({.key = required(node, "Key"),
                               .id = required(node, "UploadId"),
                               .initiated = parse_s3_time(node.text_of("Initiated"))});
  }
  if (uploads.truncated) {
    uploads.next_key = required(root, "NextKeyMarker");
    uploads.next_id = required(root, "NextUploadIdMarker");
  }
  return uploads;
}

std::uint64_t parse_part_bytes(ByteView body) {
  const XmlNode root = parse_document(body, "ListPartsResult");
  std::uint64_t sum = 0;
  for (const XmlNode& node : root.children) {
    if (node.name == "Part") sum += required_number(node, "Size");
  }
  return sum;
}

std::string parse_upload_id(ByteView body) {
  return required(parse_document(body, "InitiateMultipartUploadResult"), "UploadId");
}

S3Error parse_error(ByteView body) {
  try {
    const XmlNode root = parse_xml(as_text(body), "error");
    if (root.name != "Error") return {};
    S3Error error{.code = std::string(root.text_of("Code").substr(0, kMessageSizeMax)),
                  .message = std::string(root.text_of("Message").substr(0, kMessageSizeMax)),
                  .region = std::string(root.text_of("Region").substr(0, kMessageSizeMax))};
    for (std::string* text : {&error.code, &error.message, &error.region}) {
      std::ranges::replace_if(*text, [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
    }
    return error;
  } catch (const Exception&) {
    return {};
  }
}

SystemTime parse_s3_time(std::string_view text) {
  try {
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos) return parse_time(text);
    SystemTime time = parse_time(format("{}Z", text.substr(0, dot)));
    const std::string digits = std::string(text.substr(dot + 1, 3));
    return time + std::chrono::milliseconds(parse_number(digits).value_or(0));
  } catch (const Exception&) {
    fail(Code::kCorruption, format("\"{}\" from the store is no time", text.substr(0, 40)));
  }
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return value;
}

std::optional<ContentRange> parse_content_range(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  const std::size_t slash = text.find('/');
  if (!text.starts_with(kUnit) || slash == std::string_view::npos) return std::nullopt;
  const auto total = parse_number(text.substr(slash + 1));
  const std::string_view span = text.substr(kUnit.size(), slash - kUnit.size());
  if (!total) return std::nullopt;
  if (span == "*") return ContentRange{.total = *total};
  const std::size_t dash = span.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = parse_number(span.substr(0, dash));
  const auto last = parse_number(span.substr(dash + 1));
  if (!first || !last || *last < *first || *last >= *total) return std::nullopt;
  return ContentRange{.first = *first, .size = *last - *first + 1, .total = *total};
}

}  // namespace lifeboat::store
