// Reading ahead: another thread reads what a look will ask for of each process, in the order in which it will be asked.
#ifndef PR_AHEAD_H
#define PR_AHEAD_H

#include "reading.h"

#include <string>

// Which function is answered.
enum class Step { Small, CodeLines, Link, Identity, LinksLike, Marked };

struct Answer {
    Step step;
    std::string path;
    // What else the function was given.
    std::string text;
    uint32_t bits;
    // 0, or the negative of an errno value.
    int failure;
    std::string bytes;
    Links links;
    std::vector<Marked> marked;
};

// What was read ahead for this very question, handed out once; null where it is to be asked now. Good until the next
// call.
const Answer *TakeAhead(Step step, const std::string &path, const std::string &text = "", uint32_t bits = 0);

#endif
