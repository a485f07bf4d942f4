#include "tamis/sift/report.h"
