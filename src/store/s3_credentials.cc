#include "store/s3_credentials.h"

#include <fcntl.h>

#include <cstdlib>

#include "base/error.h"
#include "base/file.h"

namespace lifeboat::store {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// They go into headers, so nothing that could end one.
void check_value(std::string_view value, std::string_view what) {
  for (const char c : value) {
    if (c <= ' ' || c > '~') fail(Code::kCorruption, format("{}: a credential holds a character it cannot have", what));
  }
}

S3Credentials make(std::string access_key, std::string_view secret_key, std::string token, std::string_view what) {
  check_value(access_key, what);
  check_value(token, what);
  return {
      .access_key = std::move(access_key), .secret_key = codec::Secret(secret_key), .session_token = std::move(token)};
}

Path credentials_file() {
  if (std::string named = environment("AWS_SHARED_CREDENTIALS_FILE"); !named.empty()) return named;
  const std::string home = environment("HOME");
  return home.empty() ? Path() : Path(home) / ".aws" / "credentials";
}

}  // namespace

std::optional<S3Credentials> parse_s3_credentials(std::string_view text, std::string_view profile,
                                                  std::string_view what) {
  std::string access_key;
  std::string_view secret_key;
  std::string token;
  bool in_profile = false;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.starts_with('#') || line.starts_with(';')) continue;
    if (line.starts_with('[')) {
      if (!line.ends_with(']')) fail(Code::kCorruption, format("{}: line {}: \"]\" is missing", what, number));
      in_profile = trim(line.substr(1, line.size() - 2)) == profile;
      continue;
    }
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos)
      fail(Code::kCorruption, format("{}: line {}: \"=\" is missing", what, number));
    if (!in_profile) continue;
    const std::string_view key = trim(line.substr(0, equals));
    const std::string_view value = trim(line.substr(equals + 1));
    if (key == "aws_access_key_id") access_key = value;
    if (key == "aws_secret_access_key") secret_key = value;
    if (key == "aws_session_token") token = value;
  }
  if (access_key.empty() || secret_key.empty()) return std::nullopt;
  return make(std::move(access_key), secret_key, std::move(token), what);
}

S3Credentials load_s3_credentials() {
  std::string access_key = environment("AWS_ACCESS_KEY_ID");
  const char* secret_key = std::getenv("AWS_SECRET_ACCESS_KEY");
  if (!access_key.empty() && secret_key != nullptr) {
    return make(std::move(access_key), secret_key, environment("AWS_SESSION_TOKEN"), "environment");
  }
  const Path file = credentials_file();
  std::string profile = environment("AWS_PROFILE");
  if (profile.empty()) profile = "default";
  if (!file.empty() && find_file(file, O_PATH).valid()) {
    const codec::Secret text{std::string_view(read_secret_file(file))};
    if (auto found = parse_s3_credentials(as_text(text.view()), profile, file.string())) return std::move(*found);
    fail(Code::kDenied, format("{} holds no credentials for profile {}", file.string(), profile),
         "Name another one with AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.");
  }
  fail(Code::kDenied, "there are no credentials for S3",
       "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SHARED_CREDENTIALS_FILE to a credentials file.");
}

}  // namespace lifeboat::store
