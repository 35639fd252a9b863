# Installs Pullback to an empty prefix, then builds and runs the consumer project against it: once through
# find_package, once through pkg-config. Needs: build_dir work_dir source_dir compiler build_type version.
file(REMOVE_RECURSE ${work_dir})
set(prefix ${work_dir}/prefix)

function(run)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "OUTPUT" "COMMAND")
  execute_process(COMMAND ${arg_COMMAND}
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    list(JOIN arg_COMMAND " " command)
    message(FATAL_ERROR "${command}\n${output}")
  endif()
  if(arg_OUTPUT)
    set(${arg_OUTPUT} ${output} PARENT_SCOPE)
  endif()
endfunction()

function(expect_greeting program)
  run(COMMAND ${program} OUTPUT greeting)
  if(NOT greeting MATCHES "^pullback ${version}: the gradient of x \\* x at 1.5 is 3\n")
    message(FATAL_ERROR "${program} printed: ${greeting}")
  endif()
endfunction()

run(COMMAND ${CMAKE_COMMAND} --install ${build_dir} --prefix ${prefix})

run(COMMAND ${CMAKE_COMMAND} -S ${source_dir} -B ${work_dir}/build -G Ninja
    -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_CXX_COMPILER=${compiler} -DCMAKE_BUILD_TYPE=${build_type})
run(COMMAND ${CMAKE_COMMAND} --build ${work_dir}/build)
expect_greeting(${work_dir}/build/program)

find_program(pkg_config NAMES pkg-config pkgconf REQUIRED)
file(GLOB_RECURSE pc_file ${prefix}/*/pullback.pc)
cmake_path(GET pc_file PARENT_PATH pc_dir)
set(ENV{PKG_CONFIG_PATH} ${pc_dir})
run(COMMAND ${pkg_config} --cflags --libs pullback OUTPUT flags)
separate_arguments(flags UNIX_COMMAND "${flags}")
run(COMMAND ${compiler} -std=c++20 ${source_dir}/main.cpp -o ${work_dir}/program ${flags})
expect_greeting(${work_dir}/program)
