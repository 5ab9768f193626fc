/// mysql_native_password: SHA1(password) xor SHA1(scramble + SHA1(SHA1(password))), what a client proves its password
/// by. Threads: any. Format: https://mariadb.com/kb/en/authentication-plugin-mysql_native_password/
#pragma once

#include "base/bytes.h"
#include "codec/secret.h"

namespace lifeboat::relay {

/// 20 bytes; none for an empty password. `scramble` is 20 bytes, without a zero at its end.
Bytes native_password_proof(const codec::Secret& password, ByteView scramble);

}  // namespace lifeboat::relay
