#include "rescue/topology_answer.h"

#include <charconv>

#include "base/error.h"

namespace lifeboat::rescue {
namespace {

/// Access denied: to the server, a database, a table, a column, or for want of a privilege.
bool is_about_rights(std::uint16_t error) {
  return error == 1044 || error == 1045 || error == 1142 || error == 1143 || error == 1227;
}

/// "lifeboat@%" → "'lifeboat'@'%'".
std::string quoted_account(std::string_view account) {
  const std::size_t at = account.rfind('@');
  if (at == std::string_view::npos) return std::string(account);
  return format("'{}'@'{}'", account.substr(0, at), account.substr(at + 1));
}

/// "GRANT PROCESS, SLAVE MONITOR ON *.* TO …" → its privileges; none for other objects.
std::vector<std::string> privileges_everywhere(std::string_view grant) {
  constexpr std::string_view kGrant = "GRANT ";
  std::vector<std::string> found;
  const std::size_t end = grant.find(" ON *.* TO ");
  if (!grant.starts_with(kGrant) || end == std::string_view::npos) return found;
  std::string_view rest = grant.substr(kGrant.size(), end - kGrant.size());
  while (!rest.empty()) {
    const std::size_t comma = rest.find(", ");
    found.emplace_back(rest.substr(0, comma));
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 2);
  }
  return found;
}

}  // namespace

std::string lower_cased(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return text;
}

NamedRows::NamedRows(relay::TextResult result) : result_(std::move(result)) {
  for (std::size_t i = 0; i < result_.columns.size(); ++i) columns_.emplace(lower_cased(result_.columns[i]), i);
}

std::string NamedRows::at(std::size_t row, std::string_view column) const {
  const auto found = columns_.find(lower_cased(std::string(column)));
  if (found == columns_.end() || row >= result_.rows.size()) return {};
  const relay::TextRow& fields = result_.rows[row];
  return found->second < fields.size() ? fields[found->second].value_or("") : std::string();
}

std::optional<std::uint64_t> NamedRows::find_number(std::size_t row, std::string_view column) const {
  const std::string text = at(row, column);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

std::uint64_t NamedRows::number(std::size_t row, std::string_view column) const {
  return find_number(row, column).value_or(0);
}

void Interview::introduce() {
  const NamedRows who = insist("SELECT CURRENT_USER() AS account");
  account_ = quoted_account(who.at(0, "account"));
  const relay::TextResult grants = ask_("SHOW GRANTS");
  for (const relay::TextRow& row : grants.rows) {
    if (row.empty() || !row[0]) continue;
    for (std::string& each : privileges_everywhere(*row[0])) global_privileges_.insert(std::move(each));
  }
}

bool Interview::may(const std::set<std::string>& privileges) const {
  if (global_privileges_.contains("ALL PRIVILEGES")) return true;
  for (const std::string& each : privileges) {
    if (global_privileges_.contains(each)) return true;
  }
  return false;
}

std::optional<NamedRows> Interview::put(const Question& question) {
  if (broken_) return std::nullopt;
  try {
    return NamedRows(ask_(question.sql));
  } catch (const relay::ServerRefusal& refusal) {
    if (is_about_rights(refusal.number())) {
      note_refused(question, refusal.error().message);
    } else {
      facts_.unanswered.push_back({std::string(question.wanted), {}, refusal.error().message});
    }
  } catch (const Exception& e) {
    broken_ = true;
    facts_.unanswered.push_back({std::string(question.wanted) + ", and all that is asked after it", {}, e.what()});
  }
  return std::nullopt;
}

void Interview::note_refused(const Question& question, std::string_view why) {
  facts_.unanswered.push_back({.wanted = std::string(question.wanted),
                               .grant = format("GRANT {} TO {};", question.privileges, account_),
                               .why = std::string(why)});
}

}  // namespace lifeboat::rescue
