/// Which accounts of a server may drop what, and which may change data without its being logged.
#pragma once

#include "rescue/topology_answer.h"

namespace lifeboat::rescue {

/// Those that only this host's root uses (root@localhost or of its name, mariadb.sys, mysql) and locked ones are left
/// out; what a role may is told with those who may set it.
void ask_accounts(Interview& interview, ServerFacts& facts);

}  // namespace lifeboat::rescue
