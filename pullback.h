#pragma once

/// Everything: `#include <pullback/pullback.h>`.
#include <pullback/core/version.h>
