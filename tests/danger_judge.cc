// Says of every group in log files what it destroys, a JSON object a line; for tests/danger/.
//
//   danger_judge FILE...          the files of one log, in their order
//   danger_judge --speed FILE     how many groups a second of processor time, over and over
#include <cstdio>
#include <cstring>
#include <ctime>
#include <functional>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "binlog/describe.h"
#include "binlog/group_danger.h"
#include "binlog/group_reader.h"

namespace {

using namespace lifeboat;

std::string_view severity_name(binlog::Severity severity) {
  switch (severity) {
    case binlog::Severity::kOrdinary:
      return "ordinary";
    case binlog::Severity::kWarns:
      return "warns";
    case binlog::Severity::kDestroys:
      return "destroys";
    case binlog::Severity::kUnknown:
      return "unknown";
  }
  return "?";
}

json::object to_json(const binlog::GroupDanger& group) {
  json::array effects;
  for (const binlog::Effect& effect : group.effects) {
    json::array objects;
    for (const binlog::TableName& each : effect.objects) objects.emplace_back(binlog::bytes_to_json(each.text()));
    effects.emplace_back(json::object{{"class", binlog::danger_class_name(effect.danger)},
                                      {"objects", std::move(objects)},
                                      {"rows", effect.rows},
                                      {"why", binlog::bytes_to_json(effect.why)}});
  }
  return {{"severity", severity_name(group.severity)},
          {"effects", std::move(effects)},
          {"statement", binlog::bytes_to_json(group.statement)}};
}

using OnGroup = std::function<void(const binlog::GroupDanger&, std::size_t begin, std::size_t end)>;

/// The groups of one file; their begin and end are positions in it.
void judge(ByteView bytes, binlog::GroupReader& groups, binlog::GroupClassifier& classifier, const OnGroup& on_group) {
  std::size_t position = binlog::kFileMagic.size();
  std::size_t begin = position;
  binlog::Checksum checksum = binlog::Checksum::kNone;
  while (position < bytes.size()) {
    const ByteView rest = bytes.subspan(position);
    const std::size_t size = binlog::decode_header(rest).size;
    if (size > rest.size()) return;  // the server is still writing it
    const binlog::Event event = binlog::split_event(rest.first(size), checksum);
    if (event.header.type == binlog::EventType::kFormatDescription) {
      checksum = binlog::decode_format_description(event).checksum;
    }
    const binlog::Place place = groups.next(event);
    if (groups.torn()) classifier.forget();
    if (place == binlog::Place::kBegins || place == binlog::Place::kWhole) begin = position;
    classifier.add(event);
    position += size;
    if (place == binlog::Place::kEnds || place == binlog::Place::kWhole) on_group(classifier.finish(), begin, position);
  }
}

void print_all(int count, char** paths) {
  binlog::GroupReader groups;
  binlog::GroupClassifier classifier;
  for (int i = 0; i < count; ++i) {
    const Path path(paths[i]);
    judge(read_file(path), groups, classifier,
          [&](const binlog::GroupDanger& group, std::size_t begin, std::size_t end) {
            json::object line = to_json(group);
            line["file"] = path.filename().string();
            line["begin"] = begin;
            line["end"] = end;
            std::printf("%s\n", json::serialize(line).c_str());
          });
  }
}

void print_speed(const char* path) {
  constexpr double kLongEnough = 2;  // seconds of processor time: others may use the processor, too
  const Bytes bytes = read_file(path);
  std::size_t count = 0;
  double passed = 0;
  const std::clock_t start = std::clock();
  do {
    binlog::GroupReader groups;
    binlog::GroupClassifier classifier;
    judge(bytes, groups, classifier, [&](const binlog::GroupDanger&, std::size_t, std::size_t) { ++count; });
    passed = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  } while (passed < kLongEnough);
  std::printf("%.0f groups/s\n", static_cast<double>(count) / passed);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const bool speed = argc == 3 && std::strcmp(argv[1], "--speed") == 0;
    if (speed) {
      print_speed(argv[2]);
    } else {
      print_all(argc - 1, argv + 1);
    }
    return argc > 1 ? 0 : 2;
  } catch (const lifeboat::Exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
