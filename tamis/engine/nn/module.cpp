#include "tamis/engine/nn/module.h"
