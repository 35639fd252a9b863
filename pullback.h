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
#include <pullback/core/options.h>
#include <pullback/core/print.h>
#include <pullback/core/random.h>
#include <pullback/core/tensor.h>
#include <pullback/core/version.h>
#include <pullback/linalg/linalg.h>
#include <pullback/nn/activation.h>
#include <pullback/nn/containers/any.h>
#include <pullback/nn/containers/functional.h>
#include <pullback/nn/containers/module_dict.h>
#include <pullback/nn/containers/module_list.h>
#include <pullback/nn/containers/parameter_containers.h>
#include <pullback/nn/containers/sequential.h>
#include <pullback/nn/init.h>
#include <pullback/nn/linear.h>
#include <pullback/nn/module.h>
#include <pullback/nn/utils.h>
