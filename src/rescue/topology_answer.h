/// A server's answer by the names of its columns, and the statements put to one server: which right each needs, and
/// what became of it.
///
/// Threads: one at a time. Errors: an Interview throws nothing for a question that is refused; see `put`.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "rescue/topology_server.h"

namespace lifeboat::rescue {

/// Columns are found whatever their case; what is not there, or NULL, is empty.
class NamedRows {
 public:
  explicit NamedRows(relay::TextResult result);
  std::size_t size() const { return result_.rows.size(); }
  std::string at(std::size_t row, std::string_view column) const;
  std::uint64_t number(std::size_t row, std::string_view column) const;  ///< 0 for what is none
  std::optional<std::uint64_t> find_number(std::size_t row, std::string_view column) const;

 private:
  relay::TextResult result_;
  std::map<std::string, std::size_t> columns_;
};

struct Question {
  std::string_view wanted;      ///< "whom it replicates from"
  std::string_view privileges;  ///< "SLAVE MONITOR ON *.*"; empty: everybody may
  std::string_view sql;
};

class Interview {
 public:
  Interview(const Ask& ask, ServerFacts& facts) : ask_(ask), facts_(facts) {}

  /// Throws whatever goes wrong.
  NamedRows insist(std::string_view sql) { return NamedRows(ask_(sql)); }
  /// Learns who we are and what we may everywhere, so that an answer can be told that is empty for lack of rights.
  void introduce();
  /// Whether one of these is granted on *.*.
  bool may(const std::set<std::string>& privileges) const;
  /// Nothing if it was refused or the connection broke, which is noted.
  std::optional<NamedRows> put(const Question& question);
  void note_refused(const Question& question, std::string_view why);

 private:
  const Ask& ask_;
  ServerFacts& facts_;
  std::string account_ = "the account";  ///< "'lifeboat'@'%'"
  std::set<std::string> global_privileges_;
  bool broken_ = false;
};

std::string lower_cased(std::string text);

}  // namespace lifeboat::rescue
