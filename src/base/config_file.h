/// Configuration written by people (TOML behind one door). A table is read key by key; `finish` then refuses the keys
/// that nobody asked for and names the one that was probably meant, so that a typing error is never a setting that
/// quietly does nothing.
///
/// Threads: one at a time. Errors: kUsage naming file, line and key. Memory: bounded by the text, which the caller
/// bounds.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lifeboat {

class ConfigTable {
 public:
  /// `file` is for messages.
  static ConfigTable parse(std::string_view text, std::string_view file);

  std::optional<std::string> text(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key);
  /// A list of texts, or a single one; empty if absent.
  std::vector<std::string> texts(std::string_view key);
  std::optional<ConfigTable> table(std::string_view key);
  /// `[[key]]`, in order.
  std::vector<ConfigTable> tables(std::string_view key);
  bool has(std::string_view key) const;

  /// Throws if a key was not asked for. Of this table alone.
  void finish() const;
  /// Throws kUsage for the value of `key`.
  [[noreturn]] void bad(std::string_view key, std::string_view why, std::string hint = {}) const;
  /// Where the table begins: "guard.toml line 3".
  std::string place() const;

 private:
  struct Document;
  ConfigTable(std::shared_ptr<const Document> document, const void* table, std::string name);
  const void* find(std::string_view key);
  std::string place_of(const void* node) const;

  std::shared_ptr<const Document> document_;
  const void* table_;
  std::string name_;
  std::vector<std::string> asked_;
};

/// The candidate that `name` was probably meant to be; empty if none is near.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace lifeboat
