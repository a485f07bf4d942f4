#include "tamis/engine/autograd/variable.h"
