#pragma once

// Serves Catch2 v3 and v2.13 (Debian 12). Use only what both have: TEST_CASE SECTION GENERATE CHECK
// REQUIRE CHECK_THROWS_AS CHECK_THROWS_WITH INFO CAPTURE TEMPLATE_TEST_CASE.
#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <exception>
#include <string>

/// What the exception of a call says; empty if it throws none.
template <class F>
std::string message_of(F&& call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

/// Does the call throw an exception whose text has these words?
template <class F>
bool throws_with(F&& call, const std::string& words) {
  const std::string message = message_of(call);
  UNSCOPED_INFO("message: " << message);
  return !message.empty() && message.find(words) != std::string::npos;
}
