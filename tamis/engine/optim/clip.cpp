#include "tamis/engine/optim/clip.h"
