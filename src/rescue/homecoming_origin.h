/// What production leaves when it comes home (homecoming.h): a branch of this host, or a server anywhere that lets an
/// account in.
///
/// Ownership: as each says. Threads: one at a time. Errors: those of what they stand on.
#pragma once

#include <string>
#include <vector>

#include "relay/source_connection.h"
#include "rescue/image_position.h"
#include "rescue/rescue_run.h"
#include "rescue/standby_server.h"

namespace lifeboat::rescue {

class Origin {
 public:
  Origin() = default;
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;
  virtual ~Origin() = default;

  /// It runs, answers, and is what production writes to. kRefused if not.
  virtual void ensure() = 0;
  struct Image {
    std::string name;
    binlog::GtidPosition gtid;
  };
  /// Of it, and of its history up to there.
  virtual Image image() = 0;
  /// By which it may be replicated from, from now on.
  virtual RelayLogin replication_login() = 0;
  /// All that its binary log has; of several servers, all that any of them has.
  virtual binlog::GtidPosition position() = 0;
  /// Returns when nobody writes there any more.
  virtual void fence() = 0;
  /// It takes writes again, where it did before fence(). What fails is logged; false then.
  virtual bool give_back() = 0;
  /// Whether anything of it can still take writes; asked by who comes after the one that had fenced it and has died.
  virtual bool still_answers() = 0;
  /// Another is in its place and takes writes: who could write here in spite of all goes.
  virtual void leave() {}
  /// Where the application reaches it.
  virtual net::Endpoint address() const = 0;
  /// "host:port" of others whose place is taken, too.
  virtual std::vector<std::string> others() const { return {}; }
};

/// Borrows record, run and means.
class BranchOrigin : public Origin {
 public:
  BranchOrigin(const RescueRecord& record, RescueRun& run, const RescueMeans& means)
      : record_(record), run_(run), means_(means) {}

  void ensure() override;
  Image image() override;
  /// An account for this alone, which is in no log and no image.
  RelayLogin replication_login() override;
  binlog::GtidPosition position() override;
  /// Not even who may write in spite of read_only, as long as this lives.
  void fence() override;
  bool give_back() override;
  bool still_answers() override;
  void leave() override;
  net::Endpoint address() const override;

 private:
  const RescueRecord& record_;
  RescueRun& run_;
  const RescueMeans& means_;
};

/// A server that is well. Borrows record and means; what each server was before it was fenced is in the record.
class LivingOrigin : public Origin {
 public:
  struct Order {
    std::vector<relay::SourceLogin> logins;  ///< the first is left, the others are fenced with it (a ring)
    Path relay;                              ///< directory of the relay that follows it
    std::string by;                          ///< as HomecomingOrder::by
  };
  LivingOrigin(RescueRecord& record, Order order, const RescueMeans& means)
      : record_(record), order_(std::move(order)), means_(means) {}

  void ensure() override;
  /// The newest in the vault that is of it: a standby's, or a seed's.
  Image image() override;
  RelayLogin replication_login() override;
  binlog::GtidPosition position() override;
  void fence() override;
  bool give_back() override;
  /// Who accepts no connections is not asked any more.
  bool still_answers() override;
  net::Endpoint address() const override { return order_.logins.front().address.endpoint; }
  std::vector<std::string> others() const override;
  /// Why an image that says this place is none of its history; empty: nothing speaks against it.
  std::string contradiction(const ImagePosition& position);

 private:
  void check_logins();
  void check_writable(const relay::SourceLogin& login);
  /// Whether each was read only when it was fenced, by address; null: none was.
  json::object* find_fenced();
  bool was_fenced(const std::string& address);

  RescueRecord& record_;
  Order order_;
  std::vector<relay::SourceLogin> asked_ = order_.logins;
  const RescueMeans& means_;
};

}  // namespace lifeboat::rescue
