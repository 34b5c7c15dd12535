#include "CFoveaPNG.h"
