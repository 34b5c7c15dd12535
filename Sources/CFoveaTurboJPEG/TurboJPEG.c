#include "CFoveaTurboJPEG.h"
