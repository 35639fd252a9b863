# Fails if an object compiled for a SIMD tier defines a weak symbol: the linker keeps one copy of such a
# symbol for the whole program, and could keep the one compiled for a newer CPU. Needs: nm objects.
foreach(object IN LISTS objects)
  execute_process(COMMAND ${nm} --demangle --defined-only ${object}
    OUTPUT_VARIABLE symbols RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${nm} cannot read ${object}")
  endif()
  string(REGEX MATCHALL "[0-9a-f]+ [VWuvw] [^\n]*" weak "${symbols}")
  if(weak)
    list(JOIN weak "\n  " weak)
    message(SEND_ERROR "${object} defines weak symbols:\n  ${weak}")
  endif()
endforeach()
