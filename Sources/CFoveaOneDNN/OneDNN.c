#include "CFoveaOneDNN.h"
