// Functions, procedures and triggers: their bodies are read where they are called, as far as the log told them.

#include <algorithm>

#include "binlog/danger_reading.h"
#include "binlog/predicate_values.h"

namespace lifeboat::binlog {
namespace {

/// Routines call each other, and themselves.
constexpr int kMaxCalls = 8;

/// What a statement in a body begins with, if it may destroy or calls another routine.
bool begins_statement(Tokens& in) {
  const Token& token = in.peek();
  if (is_any(token, "INSERT", "REPLACE") && in.peek(1).is_symbol("(")) return false;  // functions
  return is_any(token, "DELETE", "UPDATE", "INSERT", "REPLACE", "TRUNCATE", "DROP", "ALTER", "CREATE", "RENAME", "LOAD",
                "CALL", "WITH");
}

/// Whether a statement may stand behind it.
bool comes_before_statement(const Token& token) {
  return token.is_symbol(";") || token.is_symbol(":") ||
         is_any(token, "BEGIN", "THEN", "ELSE", "DO", "LOOP", "REPEAT", "ATOMIC");
}

/// The text from the next token on.
std::string_view rest_of(Tokens& in, std::string_view from) {
  const Token& next = in.peek();
  return next.ends() ? std::string_view() : from.substr(static_cast<std::size_t>(next.text.data() - from.data()));
}

/// `(IN a INT, b TEXT)`: the names in it.
void learn_parameters(Reading& reading, std::set<std::string>& locals) {
  Tokens& in = reading.in;
  if (!in.accept_symbol("(")) return;
  bool named = false;
  while (!reading.at_end() && !in.accept_symbol(")")) {
    if (in.accept_symbol(",")) {
      named = false;
    } else if (named || is_any(in.peek(), "IN", "OUT", "INOUT")) {
      reading.skip_item();
    } else {
      locals.insert(lower_case(name_of(in.take())));
      named = true;
    }
  }
}

/// DECLARE a, b INT: in the whole body, without regard to blocks.
void learn_variables(std::string_view body, const SqlDialect& dialect, std::set<std::string>& locals) {
  Tokens in(body, dialect);
  for (Token token = in.take(); !token.ends(); token = in.take()) {
    if (!token.is("DECLARE")) continue;
    while (in.peek().is_name()) {
      locals.insert(lower_case(name_of(in.take())));
      if (!in.accept_symbol(",")) break;
    }
  }
}

class Bodies {
 public:
  explicit Bodies(Reading& caller) : caller_(caller) {}

  void add_calls(std::string_view text);
  void add_triggers(const Reading& reading);
  bool all_known() const { return all_known_; }

 private:
  void add_body(const Routine& routine);

  Reading& caller_;
  int depth_ = 0;
  bool all_known_ = true;
};

/// `name(` and `database.name(`, wherever they stand.
void Bodies::add_calls(std::string_view text) {
  Tokens in(text, caller_.in.dialect());
  for (Token token = in.take(); !token.ends(); token = in.take()) {
    if (!token.is_name()) continue;
    const bool qualified = in.peek().is_symbol(".") && in.peek(1).is_name() && in.peek(2).is_symbol("(");
    if (!qualified && !in.peek().is_symbol("(")) continue;
    TableName name{std::string(caller_.context.database), name_of(token)};
    if (qualified) {
      in.take();
      name = {std::exchange(name.name, {}), name_of(in.take())};
    }
    if (const Routine* const routine = caller_.memory.routines.find(name)) {
      add_body(*routine);
    } else if (depth_ == 0) {  // in a body, mostly the server's own
      all_known_ = false;
    }
  }
}

void Bodies::add_triggers(const Reading& reading) {
  for (const auto& [table, actions] : reading.changed) {
    for (const Routine* const trigger : caller_.memory.routines.triggers_of(table, actions)) add_body(*trigger);
  }
}

void Bodies::add_body(const Routine& routine) {
  if (depth_ >= kMaxCalls) return;
  if (!routine.readable) return caller_.unknown("it calls a routine that is too long to be kept");
  ++depth_;
  Reading body{Tokens(routine.body, caller_.in.dialect()), caller_.context, caller_.memory, false, {}};
  body.locals = &routine.locals;
  bool may_begin = true;
  while (!body.in.peek().ends()) {
    if (may_begin && body.in.peek().is("CALL")) {
      body.in.take();
      const auto name = body.table_name();
      const Routine* const called = name ? caller_.memory.routines.find(*name) : nullptr;
      if (called != nullptr) add_body(*called);
      all_known_ = all_known_ && called != nullptr;
      may_begin = false;
    } else if (may_begin && begins_statement(body.in)) {
      read_verb(body);
      may_begin = false;
    } else {
      may_begin = comes_before_statement(body.in.take());
    }
  }
  add_calls(routine.body);
  add_triggers(body);
  for (Effect& effect : body.effects) {
    if (severity_of(effect.danger) == Severity::kOrdinary) continue;
    effect.why += effect.why.empty() ? "in a routine" : ", in a routine";
    const bool known = std::ranges::find(caller_.effects, effect) != caller_.effects.end();
    if (!known) caller_.effects.push_back(std::move(effect));
  }
  --depth_;
}

}  // namespace

// FUNCTION name (…) RETURNS … BEGIN … END, and PROCEDURE
void learn_routine(Reading& reading, const TableName& name) {
  Routine routine;
  learn_parameters(reading, routine.locals);
  routine.body = rest_of(reading.in, reading.in.text());
  learn_variables(routine.body, reading.in.dialect(), routine.locals);
  reading.memory.routines.set(name, std::move(routine));
}

// TRIGGER name BEFORE INSERT ON t FOR EACH ROW …
void learn_trigger(Reading& reading, const TableName& name) {
  Tokens& in = reading.in;
  Routine routine;
  while (!reading.at_end() && !in.accept("ON")) {
    const Token token = in.take();
    if (token.is("INSERT")) routine.fires_on |= kInserts;
    if (token.is("UPDATE")) routine.fires_on |= kUpdates;
    if (token.is("DELETE")) routine.fires_on |= kDeletes;
  }
  const auto table = reading.table_name();
  if (!table) return reading.unknown("CREATE TRIGGER without a table");
  routine.table = *table;
  while (!reading.at_end() && !in.accept("ROW")) in.take();
  if (is_any(in.peek(), "FOLLOWS", "PRECEDES")) {
    in.take();
    reading.table_name();
  }
  routine.body = rest_of(in, in.text());
  learn_variables(routine.body, in.dialect(), routine.locals);
  routine.locals.insert("old");
  routine.locals.insert("new");
  reading.memory.routines.set(name, std::move(routine));
}

void add_effects_of_routines(Reading& reading, std::string_view text) {
  if (reading.context.rows_are_known || reading.memory.routines.empty()) return;
  Bodies bodies(reading);
  const bool calls = std::ranges::any_of(reading.effects,
                                         [](const Effect& each) { return each.danger == DangerClass::kFunctionCall; });
  if (calls || !reading.changed.empty()) bodies.add_calls(text);
  bodies.add_triggers(reading);
  if (calls && bodies.all_known()) {
    std::erase_if(reading.effects, [](const Effect& each) { return each.danger == DangerClass::kFunctionCall; });
  }
}

}  // namespace lifeboat::binlog
