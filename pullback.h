#pragma once

/// Everything: `#include <pullback/pullback.h>`.
#include <pullback/core/accessor.h>
#include <pullback/core/autograd/engine.h>
#include <pullback/core/autograd/grad_mode.h>
#include <pullback/core/error.h>
#include <pullback/core/factories.h>
#include <pullback/core/indexing.h>
#include <pullback/core/neural.h>
#include <pullback/core/ops.h>
#include <pullback/core/print.h>
#include <pullback/core/random.h>
#include <pullback/core/options.h>
#include <pullback/core/random.h>
#include <pullback/core/tensor.h>
#include <pullback/core/version.h>
#include <pullback/linalg/linalg.h>
