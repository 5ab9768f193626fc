#include "volume/state_dir.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "volume/fuse_adapter.h"

namespace lifeboat::volume {
namespace {

Code code_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Exception& e) {
    return e.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return Code::kInternal;
}

VolumeRecord sample(const Path& root, const std::string& name, const Path& mountpoint) {
  VolumeRecord record;
  record.name = name;
  record.state_dir = volume_directory(root, name);
  record.mountpoint = mountpoint;
  record.id = "00112233445566778899aabbccddeeff";
  record.image = "20261122-185434-3f9a2c";
  record.space_max = 12345;
  record.vault_url = "file:///vault";
  record.passphrase_file = "/etc/passphrase";
  make_directories(record.state_dir);
  save_volume_record(record);
  return record;
}

TEST(VolumeName, IsMadeFromTheMountpoint) {
  EXPECT_EQ(volume_name_for("/mnt/db"), "db");
  EXPECT_EQ(volume_name_for("/mnt/db/"), "db");
  EXPECT_EQ(volume_name_for("/mnt/my db"), "my_db");
  EXPECT_EQ(volume_name_for("/mnt/.hidden"), "v.hidden");
  EXPECT_EQ(volume_name_for("/"), "v");
  check_volume_name(volume_name_for("/mnt/" + std::string(300, 'x')));
}

TEST(VolumeName, RefusesWhatCouldLeaveTheDirectory) {
  for (const std::string_view bad : {"", ".", "..", "a/b", "-x", ".a"}) {
    EXPECT_EQ(code_of([&] { check_volume_name(bad); }), Code::kUsage) << bad;
  }
}

TEST(StateDir, RecordSurvivesSavingAndFinding) {
  const TempDir root;
  const VolumeRecord saved = sample(root.path(), "one", "/mnt/one");
  const std::optional<VolumeRecord> found = find_volume(root.path(), "one");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->mountpoint, saved.mountpoint);
  EXPECT_EQ(found->image, saved.image);
  EXPECT_EQ(found->space_max, saved.space_max);
  EXPECT_EQ(found->vault_url, saved.vault_url);
  EXPECT_EQ(found->id, saved.id);
  EXPECT_EQ(found->passphrase_file, saved.passphrase_file);
  EXPECT_EQ(found->state, VolumeState::kNotMounted);
  EXPECT_FALSE(find_volume(root.path(), "two"));
}

TEST(StateDir, OpensByNameByMountpointOrTheOnlyOne) {
  const TempDir root;
  EXPECT_EQ(code_of([&] { open_volume_record(root.path(), ""); }), Code::kNotFound);
  sample(root.path(), "one", "/mnt/1");
  EXPECT_EQ(open_volume_record(root.path(), "").name, "one");
  sample(root.path(), "two", "/mnt/2");
  EXPECT_EQ(open_volume_record(root.path(), "/mnt/2").name, "two");
  EXPECT_EQ(open_volume_record(root.path(), "/mnt/2/").name, "two");
  EXPECT_EQ(open_volume_record(root.path(), "one").name, "one");
  EXPECT_EQ(code_of([&] { open_volume_record(root.path(), ""); }), Code::kUsage);
  EXPECT_EQ(code_of([&] { open_volume_record(root.path(), "three"); }), Code::kNotFound);
}

TEST(StateDir, TellsMountedFromDeadByTheProcess) {
  const TempDir root;
  const VolumeRecord record = sample(root.path(), "one", "/mnt/1");
  const auto write_process = [&](const ProcessIdentity& process) {
    write_file_durably(
        process_file(record.state_dir),
        as_bytes(json::serialize(json::object{{"pid", process.pid}, {"start_time", process.start_time}})));
  };
  ProcessIdentity self = ProcessIdentity::of(::getpid());
  write_process(self);
  EXPECT_EQ(find_volume(root.path(), "one")->state, VolumeState::kMounted);
  ++self.start_time;  // the same pid, given to another process later
  write_process(self);
  EXPECT_EQ(find_volume(root.path(), "one")->state, VolumeState::kDead);
}

TEST(StateDir, DamagedRecordIsAnErrorThatNamesTheFile) {
  const TempDir root;
  const VolumeRecord record = sample(root.path(), "one", "/mnt/1");
  write_file_durably(record.state_dir / "volume.json", as_bytes("{\"image\":"));
  try {
    find_volume(root.path(), "one");
    FAIL();
  } catch (const Exception& e) {
    EXPECT_EQ(e.code(), Code::kCorruption);
    EXPECT_NE(e.error().text().find("volume.json"), std::string::npos);
  }
}

TEST(StateDir, ANumberThatNoProcessHasIsDamage) {
  for (const std::string_view pid : {"-1", "4294967297"}) {  // kill(2) takes -1 for everybody
    const std::string text = format(R"({{"pid":{},"start_time":1}})", pid);
    try {
      decode_process(as_bytes(text), "process.json");
      FAIL() << pid;
    } catch (const Exception& e) {
      EXPECT_EQ(e.code(), Code::kCorruption);
    }
  }
}

TEST(CacheRules, InnodbFilesBypassThePageCacheAndOthersDoNot) {
  for (const std::string_view name :
       {"t1.ibd", "ibdata1", "ib_logfile0", "ib_logfile101", "undo001", "undo_001", "ibtmp1", "#sql-ib12.ibd"}) {
    EXPECT_TRUE(bypasses_page_cache(name)) << name;
  }
  for (const std::string_view name :
       {"ib_buffer_pool", "t1.frm", "t1.MAI", "tc.log", "undo.frm", "binlog.000001", "aria_log.00000001", "ibd"}) {
    EXPECT_FALSE(bypasses_page_cache(name)) << name;
  }
}

}  // namespace
}  // namespace lifeboat::volume
