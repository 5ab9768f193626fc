#include "store/xml.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "base/error.h"

namespace lifeboat::store {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

void append_utf8(std::string& out, std::uint32_t code) {
  const auto add = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xC0U | code >> 6U);
    add(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    add(0xE0U | code >> 12U);
    add(0x80U | (code >> 6U & 0x3FU));
    add(0x80U | (code & 0x3FU));
  } else {
    add(0xF0U | code >> 18U);
    add(0x80U | (code >> 12U & 0x3FU));
    add(0x80U | (code >> 6U & 0x3FU));
    add(0x80U | (code & 0x3FU));
  }
}

std::string_view local_name(std::string_view name) {
  return name.substr(name.rfind(':') + 1);
}

class Scanner {
 public:
  Scanner(std::string_view input, std::string_view what) : rest_(input), what_(what) {}

  XmlNode document() {
    skip_misc();
    if (!take("<")) bad("there is no element");
    XmlNode root = element(0);
    skip_misc();
    if (!rest_.empty()) bad("something follows the root element");
    return root;
  }

 private:
  [[noreturn]] void bad(std::string_view why) const { fail(Code::kCorruption, format("{}: bad XML: {}", what_, why)); }

  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  // All before `end`, which is consumed too.
  std::string_view until(std::string_view end) {
    const std::size_t at = rest_.find(end);
    if (at == std::string_view::npos) bad("it ends early");
    const std::string_view before = rest_.substr(0, at);
    rest_.remove_prefix(at + end.size());
    return before;
  }

  void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlanks), rest_.size())); }

  // Blanks, comments and processing instructions (the XML declaration among them).
  void skip_misc() {
    for (;;) {
      skip_blanks();
      if (take("<!--")) {
        until("-->");
      } else if (take("<?")) {
        until("?>");
      } else {
        return;
      }
    }
  }

  // After its '<'.
  XmlNode element(std::size_t depth) {
    if (depth == kXmlDepthMax) bad("too deep");
    if (++nodes_ > kXmlNodesMax) bad("too many elements");
    const std::string_view name = rest_.substr(0, rest_.find_first_of(" \t\r\n/><\"'&"));
    if (name.empty() || name.size() == rest_.size() || name.starts_with('!') || name.starts_with('?'))
      bad("no element name");
    rest_.remove_prefix(name.size());
    XmlNode node{.name = std::string(local_name(name))};
    if (skip_attributes()) return node;
    content(node, depth);
    const std::string_view end = until(">");
    if (end.substr(0, end.find_last_not_of(kBlanks) + 1) != name) bad("end tags do not match");
    return node;
  }

  // True if the element ends here ("/>").
  bool skip_attributes() {
    for (;;) {
      skip_blanks();
      if (take("/>")) return true;
      if (take(">")) return false;
      const std::string_view name = until("=");
      if (name.find_first_of("<>&\"'/") != std::string_view::npos) bad("bad attribute");
      skip_blanks();
      if (take("\"")) {
        until("\"");
      } else if (take("'")) {
        until("'");
      } else {
        bad("bad attribute");
      }
    }
  }

  // Up to and including "</".
  void content(XmlNode& node, std::size_t depth) {
    for (;;) {
      add_text(node.text, until("<"));
      if (take("/")) return;
      if (take("!--")) {
        until("-->");
      } else if (take("![CDATA[")) {
        node.text += until("]]>");
      } else {
        node.children.push_back(element(depth + 1));
      }
    }
  }

  void add_text(std::string& out, std::string_view raw) const {
    while (!raw.empty()) {
      const std::size_t at = std::min(raw.find('&'), raw.size());
      out += raw.substr(0, at);
      raw.remove_prefix(at);
      if (raw.empty()) return;
      const std::size_t end = raw.find(';');
      if (end == std::string_view::npos) bad("bad entity");
      add_entity(out, raw.substr(1, end - 1));
      raw.remove_prefix(end + 1);
    }
  }

  void add_entity(std::string& out, std::string_view name) const {
    if (name == "lt")
      out += '<';
    else if (name == "gt")
      out += '>';
    else if (name == "amp")
      out += '&';
    else if (name == "quot")
      out += '"';
    else if (name == "apos")
      out += '\'';
    else if (name.starts_with('#'))
      append_utf8(out, character(name.substr(1)));
    else
      bad("unknown entity");
  }

  std::uint32_t character(std::string_view digits) const {
    const bool hex = digits.starts_with('x');
    if (hex) digits.remove_prefix(1);
    std::uint32_t code = 0;
    const char* end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, code, hex ? 16 : 10);
    if (parsed.ec != std::errc{} || parsed.ptr != end || code == 0 || code > 0x10FFFF) bad("bad character reference");
    return code;
  }

  std::string_view rest_;
  std::string_view what_;
  std::size_t nodes_ = 0;
};

}  // namespace

const XmlNode* XmlNode::find(std::string_view child) const {
  const auto found = std::ranges::find(children, child, &XmlNode::name);
  return found == children.end() ? nullptr : &*found;
}

std::string_view XmlNode::text_of(std::string_view child) const {
  const XmlNode* node = find(child);
  return node == nullptr ? std::string_view() : std::string_view(node->text);
}

XmlNode parse_xml(std::string_view input, std::string_view what) {
  return Scanner(input, what).document();
}

}  // namespace lifeboat::store
