# The presets that nobody edits with (all but dev) compile several files of a part at once (unity), which halves their time, and makes
# a third of clang-tidy's. Two files of a part may have an internal name in common, which one translation unit cannot: these are
# compiled alone.
set(alone
    base/bytes_test base/file_test base/json_test
    codec/decompress_stream
    net/http_client net/http_client_test net/stream_test
    store/conformance_test store/directory_store_test store/s3_writer
    vault/chunk_codec vault/heal vault/log_part vault/log_part_name vault/log_retention vault/pack_check vault/prune_test vault/scrub vault/tree_walk vault/vault
    volume/records volume/records_test volume/state_dir_test
    binlog/column_value_test binlog/danger binlog/danger_alter binlog/danger_classes binlog/describe binlog/event_type
    binlog/group_danger binlog/group_danger_test binlog/json_binary binlog/make_events binlog/mariadb_features_test binlog/mysql_features_test
    binlog/table_map binlog/table_metadata
    server/branch
    relay/group_stream relay/index_block relay/log_export relay/log_index_test relay/log_scan relay/server_packets relay/source_connection
    relay/source_log
    rescue/backup_stream rescue/seed_boot rescue/seed_dump rescue/seed_pace)
list(TRANSFORM alone PREPEND ${CMAKE_SOURCE_DIR}/src/)
list(TRANSFORM alone APPEND .cc)
list(APPEND alone ${CMAKE_SOURCE_DIR}/tests/fuzz/replay.cc)  # declares what it calls of the fuzzer beside it
set_source_files_properties(${alone} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
set_target_properties(lifeboat_cli PROPERTIES UNITY_BUILD OFF)  # each command has its own `run`
