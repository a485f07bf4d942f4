#include "tamis/engine/optim/optimizer.h"
