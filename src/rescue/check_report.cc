#include "rescue/check_report.h"

#include <algorithm>

#include "base/units.h"
#include "rescue/topology_draw.h"

namespace lifeboat::rescue {
namespace {

constexpr std::size_t kColumns = 96;
constexpr std::size_t kEvidenceShown = 6;
constexpr std::size_t kRemediesShown = 8;

/// Words joined to lines of at most kColumns, the first after `first`, the others after `rest`.
std::string wrapped(std::string_view first, std::string_view rest, std::string_view text) {
  std::string out;
  std::string line(first);
  bool begun = false;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (begun && line.size() + 1 + word.size() > kColumns) {
      out += line + "\n";
      line = rest;
      begun = false;
    }
    if (begun) line += ' ';
    line += word;
    begun = true;
  }
  return out + line + "\n";
}

std::string in_capitals(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
  return out;
}

/// A command of several lines stays one when it is pasted.
std::string indented(std::string_view text) {
  std::string out = "          ";
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "          ";
  }
  return out + "\n";
}

std::string remedies_text(const std::vector<Remedy>& remedies) {
  std::string out;
  const std::string* last = nullptr;
  for (std::size_t i = 0; i < remedies.size(); ++i) {
    if (i == kRemediesShown) return out + format("        … and {} more: --json shows all\n", remedies.size() - i);
    if (last == nullptr || *last != remedies[i].where) {
      out += wrapped(i == 0 ? "  do    " : "        ", "        ", remedies[i].where + ":");
    }
    last = &remedies[i].where;
    out += indented(remedies[i].text);
  }
  return out;
}

std::string finding_text(const Finding& finding) {
  std::string out = wrapped(format("{:<9} ", in_capitals(severity_name(finding.kind->severity))), "          ",
                            format("{}  [{}]", finding.kind->title, finding.kind->name));
  out += wrapped("  why   ", "        ", finding.kind->means);
  for (std::size_t i = 0; i < finding.evidence.size(); ++i) {
    if (i == kEvidenceShown) {
      out += format("        … and {} more: --json shows all\n", finding.evidence.size() - i);
      break;
    }
    const Evidence& each = finding.evidence[i];
    out += wrapped(i == 0 ? "  seen  " : "        ", "          ",
                   each.where.empty() ? each.seen : format("{}: {}", each.where, each.seen));
  }
  return out + remedies_text(finding.remedies);
}

std::size_t count_of(const std::vector<Finding>& findings, FindingSeverity severity) {
  return static_cast<std::size_t>(
      std::ranges::count_if(findings, [&](const Finding& each) { return each.kind->severity == severity; }));
}

std::string counted(std::size_t number, std::string_view word) {
  return format("{} {}{}", number, word, number == 1 ? "" : "s");
}

std::string summary(const std::vector<Finding>& findings) {
  if (findings.empty()) return "Nothing found that would make a bad night worse.\n";
  return format("{} critical, {}, {}. The worst first.\n", count_of(findings, FindingSeverity::kCritical),
                counted(count_of(findings, FindingSeverity::kWarning), "warning"),
                counted(count_of(findings, FindingSeverity::kNote), "note"));
}

json::object finding_to_json(const Finding& finding) {
  json::array evidence;
  for (const Evidence& each : finding.evidence) {
    evidence.push_back(json::object{{"where", each.where}, {"seen", each.seen}});
  }
  json::array remedies;
  for (const Remedy& each : finding.remedies) {
    remedies.push_back(json::object{{"where", each.where}, {"text", each.text}});
  }
  return {{"id", finding.kind->name},        {"severity", severity_name(finding.kind->severity)},
          {"title", finding.kind->title},    {"means", finding.kind->means},
          {"evidence", std::move(evidence)}, {"remedies", std::move(remedies)}};
}

}  // namespace

bool any_at_least(const std::vector<Finding>& findings, FindingSeverity severity) {
  return std::ranges::any_of(findings, [&](const Finding& each) { return each.kind->severity <= severity; });
}

std::string report_text(const CheckFacts& facts, const std::vector<Finding>& findings) {
  const auto relays = static_cast<std::size_t>(std::ranges::count_if(facts.topology.nodes, &Node::relay));
  std::string out = format("{} and {}, seen from {} at {}\n\n", counted(facts.topology.nodes.size() - relays, "server"),
                           counted(relays, "relay"), facts.host.name, format_time(facts.topology.taken));
  out += draw(facts.topology) + "\n" + summary(findings);
  for (const Finding& each : findings) out += "\n" + finding_text(each);
  return out;
}

json::object report_json(const CheckFacts& facts, const std::vector<Finding>& findings) {
  json::object out = topology_to_json(facts.topology);
  out["taken"] = format_time(facts.topology.taken);
  out["host"] = facts.host.name;
  json::array found;
  for (const Finding& each : findings) found.push_back(finding_to_json(each));
  out["findings"] = std::move(found);
  for (const FindingSeverity each : {FindingSeverity::kCritical, FindingSeverity::kWarning, FindingSeverity::kNote}) {
    out[severity_name(each)] = count_of(findings, each);
  }
  return out;
}

}  // namespace lifeboat::rescue
