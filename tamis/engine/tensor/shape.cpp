#include "tamis/engine/tensor/shape.h"
