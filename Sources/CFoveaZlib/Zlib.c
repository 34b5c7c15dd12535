#include "CFoveaZlib.h"
