/// For tests: a certificate that signs itself, with its key, as PEM files. Included by tests only.
#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <string>

#include "base/error.h"
#include "net/tls.h"

namespace lifeboat::net::testing {

struct TestCertificate {
  Path certificate;
  Path key;
};

/// Valid for an hour, for `host` (a DNS name); its own authority.
inline TestCertificate make_certificate(const Path& directory, const std::string& host) {
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, void (*)(X509*)> certificate(X509_new(), X509_free);
  X509* x = certificate.get();
  X509_set_version(x, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
  X509_gmtime_adj(X509_getm_notBefore(x), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x), 3600);
  X509_set_pubkey(x, key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(host.c_str()), -1, -1, 0);
  X509_set_issuer_name(x, X509_get_subject_name(x));
  const std::string names = "DNS:" + host;
  X509_EXTENSION* alternative = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
  X509_add_ext(x, alternative, -1);
  X509_EXTENSION_free(alternative);
  X509_sign(x, key.get(), EVP_sha256());

  TestCertificate made{directory / (host + ".crt"), directory / (host + ".key")};
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> certificate_file(std::fopen(made.certificate.c_str(), "w"),
                                                                         std::fclose);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> key_file(std::fopen(made.key.c_str(), "w"), std::fclose);
  if (certificate_file == nullptr || key_file == nullptr || PEM_write_X509(certificate_file.get(), x) != 1 ||
      PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    fail(Code::kIo, "cannot write a test certificate");
  }
  return made;
}

}  // namespace lifeboat::net::testing
