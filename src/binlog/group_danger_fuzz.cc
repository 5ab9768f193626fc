// A log of any bytes (without its magic): its groups are judged in bounded memory and without a crash; what is told of
// a group holds together.
#include <algorithm>

#include "binlog/fuzzing.h"
#include "binlog/group_danger.h"
#include "binlog/group_reader.h"

namespace {

using namespace lifeboat;

void expect_sound(const binlog::GroupDanger& group) {
  using Classifier = binlog::GroupClassifier;
  binlog::Severity worst = binlog::Severity::kOrdinary;
  for (const binlog::Effect& effect : group.effects) {
    worst = binlog::worse(worst, binlog::severity_of(effect.danger));
    LIFEBOAT_CHECK(effect.objects.size() <= Classifier::kMaxObjects);
    LIFEBOAT_CHECK(effect.danger != binlog::DangerClass::kOrdinary);
  }
  LIFEBOAT_CHECK(group.severity == worst);
  LIFEBOAT_CHECK(std::ranges::is_sorted(group.effects, std::ranges::greater{}, [](const binlog::Effect& effect) {
    return binlog::severity_of(effect.danger);
  }));
  LIFEBOAT_CHECK(group.effects.size() <= Classifier::kMaxEffects + 1);
  LIFEBOAT_CHECK(group.rows.size() <= Classifier::kMaxTables + 1);
  LIFEBOAT_CHECK(group.statement.size() <= Classifier::kMaxStatement && group.statement.size() <= group.statement_size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteView rest(data, size);
  binlog::GroupClassifier classifier({.mass = {.deleted = 3, .updated = 3}, .max_inflated = binlog::kFuzzLimit});
  binlog::GroupReader groups;
  binlog::Checksum checksum = binlog::Checksum::kNone;
  binlog::may_refuse([&] {
    while (!rest.empty()) {
      const std::size_t event_size = binlog::decode_header(rest).size;
      if (event_size > rest.size()) return;
      const binlog::Event event = binlog::split_event(rest.first(event_size), checksum);
      rest = rest.subspan(event_size);
      classifier.add(event);  // itself it refuses nothing
      if (event.header.type == binlog::EventType::kFormatDescription) {
        checksum = binlog::decode_format_description(event).checksum;
      }
      const binlog::Place place = groups.next(event);
      if (groups.torn()) classifier.forget();
      if (place == binlog::Place::kEnds || place == binlog::Place::kWhole) expect_sound(classifier.finish());
    }
  });
  expect_sound(classifier.finish());
  return 0;
}
