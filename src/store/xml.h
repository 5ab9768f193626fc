/// The little XML that S3 answers with, as a tree. A scanner of our own: answers are flat, small (bounded by the HTTP
/// client) and few, so a library would bring more than it saves: entity declarations, DTDs and namespaces, which are
/// refused or passed over here.
///
/// Errors: kCorruption "what: why" on anything ill-formed, deeper than kXmlDepthMax or with more than
/// kXmlNodesMax elements.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lifeboat::store {

inline constexpr std::size_t kXmlDepthMax = 16;
inline constexpr std::size_t kXmlNodesMax = 50'000;

struct XmlNode {
  std::string name;  ///< without a namespace's prefix
  std::string text;  ///< its own characters, entities replaced; blank around children
  std::vector<XmlNode> children;

  /// The first child of that name, or nullptr.
  const XmlNode* find(std::string_view child) const;
  /// The text of the first child of that name, or "".
  std::string_view text_of(std::string_view child) const;
};

/// The root element. `what` is for messages.
XmlNode parse_xml(std::string_view input, std::string_view what);

}  // namespace lifeboat::store
