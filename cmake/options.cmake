# Build options that the presets set, and the flags every part is compiled with.
option(LIFEBOAT_TESTS "build the unit tests" ON)
option(LIFEBOAT_FUZZ "build the fuzzers (libFuzzer)" OFF)
set(LIFEBOAT_SANITIZE "" CACHE STRING "sanitizers, as for -fsanitize=")

set(LIFEBOAT_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
    -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-align -Wimplicit-fallthrough -Wextra-semi -Wundef
    -Wno-missing-designated-field-initializers -Werror)

add_compile_options(-fno-omit-frame-pointer -fstack-protector-strong -D_FORTIFY_SOURCE=2)
add_link_options(-fuse-ld=lld)
if(LIFEBOAT_SANITIZE)
  add_compile_options(-fsanitize=${LIFEBOAT_SANITIZE} -fno-sanitize-recover=all -U_FORTIFY_SOURCE)
  add_link_options(-fsanitize=${LIFEBOAT_SANITIZE})
endif()
if(LIFEBOAT_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
