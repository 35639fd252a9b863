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
