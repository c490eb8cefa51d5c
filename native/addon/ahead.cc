// Reading ahead, see ahead.h. The thread that looks never waits for the other one: what is not there it reads itself.
#include "ahead.h"
#include "addon.h"
#include "uv-thread.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <list>
#include <map>
#include <memory>

// In bytes: what may lie here unasked for. Some thousand processes take less.
static constexpr size_t MOST_HELD = size_t{32} << 20;
// Of the buffer of a file of /proc, in bytes: what is longer is left to the thread that looks.
static constexpr size_t BUFFER = size_t{128} << 10;
// How far the reader goes on ahead of a look that has overtaken it.
static constexpr size_t LEAD = 8;

struct Question {
    Step step;
    std::string name;
    // What else the function takes. Of one link: what it must say for the questions after it to be asked.
    std::string text;
    uint32_t bits;
};
using Questions = std::vector<Question>;

enum State { Untouched, BeingRead, Ready, Gone };

// A folder. `answers` is the reader's until it says Ready, then the looker's who takes it away from Ready.
struct Batch {
    std::string folder;
    const Questions *questions = nullptr;
    std::vector<Answer> answers;
    std::atomic<State> state{Untouched};
};

// Held by the looker and by the reader, each of which may be the last. No std::shared_ptr: that asks a newer glibc
// whether there are threads.
struct Ahead {
    std::atomic<int> holders{2};
    std::list<Questions> questions;
    // The reader and the looker meet in each one's state. What these are in needs no newer libstdc++ than Debian 11's.
    std::vector<std::unique_ptr<Batch>> batches;
    std::map<std::string, size_t> places;
    std::atomic<size_t> next{0};
    std::atomic<size_t> held{0};
    std::atomic<bool> over{false};
    std::atomic<bool> ended{false};
    pthread_t thread{};
};

static void LetGo(Ahead *ahead)
{
    if (--ahead->holders == 0)
        delete ahead;
}

// The looker's alone.
static Ahead *running = nullptr;
static std::vector<Answer> current;
static Answer handed;

static size_t SizeOf(const std::vector<Answer> &answers)
{
    size_t size = 0;
    for (const Answer &answer : answers) {
        size += sizeof answer + answer.path.size() + answer.bytes.size();
        for (const std::string &text : answer.links.texts)
            size += sizeof(std::string) + text.size();
        for (const Marked &file : answer.marked)
            size += sizeof file + file.name.size() + file.value.size();
    }
    return size;
}

static Answer Asked(const Question &question, const std::string &folder, std::vector<char> &buffer)
{
    const bool is_link = question.step == Step::Link;
    Answer answer = {question.step, folder, is_link ? "" : question.text, question.bits, 0, "", {}, {}};
    if (!question.name.empty())
        answer.path += "/" + question.name;
    const Bytes into = {buffer.data(), buffer.size()};
    ssize_t length = 0;
    switch (question.step) {
    case Step::Small:
        length = ReadWhole(answer.path, into);
        break;
    case Step::CodeLines:
        length = ReadCode(answer.path, into, question.text);
        break;
    case Step::Link:
        answer.failure = LinkTarget(answer.path, answer.bytes);
        return answer;
    case Step::Identity:
        answer.failure = IdentityOf(answer.path, answer.bytes);
        return answer;
    case Step::LinksLike:
        answer.failure = LinksOf(answer.path, question.text, answer.links);
        return answer;
    case Step::Marked:
        answer.marked = MarkedFiles(answer.path, question.bits, question.text);
        return answer;
    }
    if (length < 0)
        answer.failure = static_cast<int>(length);
    else
        answer.bytes.assign(buffer.data(), static_cast<size_t>(length));
    return answer;
}

static void ReadBatch(Ahead &ahead, Batch &batch, std::vector<char> &buffer)
{
    for (const Question &question : *batch.questions) {
        Answer answer = Asked(question, batch.folder, buffer);
        if (answer.failure == -EFBIG)
            break;
        const bool more = answer.failure == 0 &&
                          (question.step != Step::Link || question.text.empty() || question.text == answer.bytes);
        batch.answers.push_back(std::move(answer));
        if (!more)
            break;
    }
    ahead.held += SizeOf(batch.answers);
}

// It has no JavaScript, and owns what it works with: the process may end at any moment.
static void Read(void *argument)
{
    Ahead &ahead = *static_cast<Ahead *>(argument);
    std::vector<char> buffer(BUFFER);
    while (!ahead.over && ahead.held < MOST_HELD) {
        const size_t place = ahead.next++;
        if (place >= ahead.batches.size())
            break;
        Batch &batch = *ahead.batches[place];
        State expected = Untouched;
        if (!batch.state.compare_exchange_strong(expected, BeingRead))
            continue;
        ReadBatch(ahead, batch, buffer);
        expected = BeingRead;
        batch.state.compare_exchange_strong(expected, Ready);
    }
    ahead.ended = true;
    LetGo(&ahead);
}

static Question QuestionOf(Napi::Env env, const Napi::Value &value)
{
    static const struct {
        const char *name;
        Step step;
    } steps[] = {{"readSmall", Step::Small},   {"readCodeLines", Step::CodeLines}, {"readLink", Step::Link},
                 {"identity", Step::Identity}, {"linksLike", Step::LinksLike},     {"filesMarked", Step::Marked}};
    const Napi::Array words = value.IsArray() ? value.As<Napi::Array>() : Napi::Array::New(env);
    std::string texts[3];
    for (uint32_t i = 0; i < 3; i++)
        if (i < words.Length() && words.Get(i).IsString())
            texts[i] = words.Get(i).As<Napi::String>().Utf8Value();
    const bool has_bits = words.Length() > 3 && words.Get(3U).IsNumber();
    for (const auto &known : steps)
        if (known.name == texts[0])
            return {known.step, texts[1], texts[2], has_bits ? words.Get(3U).As<Napi::Number>().Uint32Value() : 0};
    Refuse(env, "ERR_INVALID_ARG_VALUE", "a question is the name of a function, of a file, a text and mode bits");
}

// One that a file keeps waiting is left alone: it has what it needs.
static void StopReading()
{
    current.clear();
    if (!running)
        return;
    running->over = true;
    if (running->ended)
        uv_thread_join(&running->thread);
    LetGo(running);
    running = nullptr;
}

static void AddGroup(Napi::Env env, Ahead &ahead, const Napi::Value &value)
{
    const Napi::Array group = value.IsArray() ? value.As<Napi::Array>() : Napi::Array::New(env);
    if (group.Length() != 2 || !group.Get(0U).IsArray() || !group.Get(1U).IsArray())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "readAhead takes lists of folders and questions");
    const Napi::Array folders = group.Get(0U).As<Napi::Array>(), questions = group.Get(1U).As<Napi::Array>();
    Questions &asked = ahead.questions.emplace_back();
    for (uint32_t i = 0; i < questions.Length(); i++)
        asked.push_back(QuestionOf(env, questions.Get(i)));
    for (uint32_t i = 0; i < folders.Length(); i++) {
        if (!folders.Get(i).IsString())
            Refuse(env, "ERR_INVALID_ARG_TYPE", "readAhead takes lists of folders and questions");
        Batch &batch = *ahead.batches.emplace_back(std::make_unique<Batch>());
        batch.folder = folders.Get(i).As<Napi::String>().Utf8Value();
        batch.questions = &asked;
        ahead.places.emplace(batch.folder, ahead.batches.size() - 1);
    }
}

Napi::Value ReadAhead(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    if (!info[0].IsArray())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "readAhead takes lists of folders and questions");
    const Napi::Array groups = info[0].As<Napi::Array>();
    auto ahead = std::make_unique<Ahead>();
    for (uint32_t i = 0; i < groups.Length(); i++)
        AddGroup(env, *ahead, groups.Get(i));
    StopReading();
    // Without a thread everything is asked as it comes.
    if (uv_thread_create(&ahead->thread, Read, ahead.get()) == 0)
        running = ahead.release();
    return env.Undefined();
}

Napi::Value TakeBatch(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    current.clear();
    if (!info[0].IsString() || running == nullptr)
        return Napi::Boolean::New(env, false);
    const auto found = running->places.find(info[0].As<Napi::String>().Utf8Value());
    if (found == running->places.end())
        return Napi::Boolean::New(env, false);
    Batch &batch = *running->batches[found->second];
    if (batch.state.exchange(Gone) == Ready) {
        current = std::move(batch.answers);
        running->held -= SizeOf(current);
        return Napi::Boolean::New(env, true);
    }
    size_t next = running->next;
    while (next < found->second + LEAD && !running->next.compare_exchange_weak(next, found->second + LEAD)) {
    }
    return Napi::Boolean::New(env, false);
}

const Answer *TakeAhead(Step step, const std::string &path, const std::string &text, uint32_t bits)
{
    const auto found = std::find_if(current.begin(), current.end(), [&](const Answer &answer) {
        return answer.step == step && answer.path == path && answer.text == text && answer.bits == bits;
    });
    if (found == current.end())
        return nullptr;
    handed = std::move(*found);
    current.erase(found);
    return &handed;
}
