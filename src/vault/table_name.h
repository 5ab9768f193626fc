/// Which table a file of a MariaDB or MySQL data directory belongs to, so that damage is told in words of its owner.
#pragma once

#include <string>
#include <string_view>

namespace lifeboat::vault {

/// "shop/order@002ditem#P#p0.ibd" → "shop/order-item"; empty for files that are no table's (ibdata1, redo, undo).
std::string table_of_path(std::string_view path);

}  // namespace lifeboat::vault
