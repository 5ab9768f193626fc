#include "relay/native_password.h"

#include <gtest/gtest.h>

#include <numeric>

#include "base/error.h"
#include "relay/accounts.h"

namespace lifeboat::relay {
namespace {

Scramble one_to_twenty() {
  Scramble scramble{};
  std::iota(scramble.begin(), scramble.end(), std::uint8_t{1});
  return scramble;
}

// The expected bytes were computed with another implementation of SHA-1.
TEST(NativePassword, IsTheProofThatServersExpect) {
  EXPECT_EQ(to_hex(native_password_proof(codec::Secret("secret"), one_to_twenty())),
            "b32bb3a583e1340c0a1108d58b1be49781ad8c2f");
  EXPECT_TRUE(native_password_proof(codec::Secret(), one_to_twenty()).empty());
}

TEST(Accounts, OpenWithTheRightProofOnly) {
  Accounts accounts;
  accounts.add("repl", codec::Secret("secret"));
  accounts.add("open", codec::Secret());
  const Bytes right = native_password_proof(codec::Secret("secret"), one_to_twenty());
  EXPECT_TRUE(accounts.opens("repl", one_to_twenty(), right));
  EXPECT_FALSE(accounts.opens("repl", one_to_twenty(), {}));
  EXPECT_FALSE(accounts.opens("repl", one_to_twenty(), ByteView(right).first(19)));
  EXPECT_FALSE(accounts.opens("repl", make_scramble(), right));
  EXPECT_FALSE(accounts.opens("root", one_to_twenty(), right));
  EXPECT_FALSE(accounts.opens("open", one_to_twenty(), {}));
  EXPECT_FALSE(
      accounts.opens("nobody", one_to_twenty(), native_password_proof(codec::Secret("nobody"), one_to_twenty())));
}

TEST(Accounts, AreReadFromAFileThatOnlyItsOwnerReads) {
  const TempDir dir;
  const Path file = dir.path() / "accounts";
  write_file_durably(file, as_bytes("# replicas\nrepl secret\nother pass word\n"));
  Accounts accounts;
  accounts.add_file(file);
  EXPECT_TRUE(
      accounts.opens("other", one_to_twenty(), native_password_proof(codec::Secret("pass word"), one_to_twenty())));
  write_file_durably(file, as_bytes("repl secret\nbroken\n"));
  EXPECT_THROW(accounts.add_file(file), Exception);
  write_file_durably(file, as_bytes("repl secret\n"), 0644);
  EXPECT_THROW(accounts.add_file(file), Exception);
}

}  // namespace
}  // namespace lifeboat::relay
