// Reading ahead, see ahead.h. The thread that looks never waits for the other one: what is not there yet it reads itself.
#include "addon.h"
#include "ahead.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <memory>
#include <unordered_map>
#include <uv.h>

// In bytes: what may lie here unasked for. Some thousand processes take less.
static constexpr size_t MOST_HELD = size_t{32} << 20;
// Of the buffer of a file of /proc, in bytes: what is longer is left to the thread that looks.
static constexpr size_t BUFFER = size_t{128} << 10;
// How far the reader goes on ahead of a look that has overtaken it.
static constexpr size_t LEAD = 8;

struct Question {
    Step step;
    std::string name;
    // Of lines and links: what to look for. Of one link: what it must say for the questions after it to be asked.
    std::string text;
};

enum State { Untouched, BeingRead, Ready, Gone };

// A folder of /proc. `answers` is the reader's until it says Ready, then the looker's who takes it away from Ready.
struct Batch {
    std::string folder;
    std::vector<Answer> answers;
    std::atomic<State> state{Untouched};
};

struct Ahead {
    std::vector<Question> questions;
    std::unique_ptr<Batch[]> batches;
    std::unordered_map<std::string, size_t> places;
    size_t count = 0;
    std::atomic<size_t> next{0};
    std::atomic<size_t> held{0};
    std::atomic<bool> over{false};
    std::atomic<bool> ended{false};
    uv_thread_t thread{};
};

// The looker's alone.
static std::shared_ptr<Ahead> running;
static std::vector<Answer> current;
static Answer handed;

static size_t SizeOf(const std::vector<Answer> &answers)
{
    size_t size = 0;
    for (const Answer &answer : answers) {
        size += sizeof answer + answer.path.size() + answer.bytes.size();
        for (const std::string &target : answer.links.targets)
            size += sizeof target + target.size();
    }
    return size;
}

static Answer Asked(const Question &question, const std::string &folder, std::vector<char> &buffer)
{
    Answer answer = {question.step, folder + "/" + question.name, 0, "", {}};
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
    }
    if (length < 0)
        answer.failure = static_cast<int>(length);
    else
        answer.bytes.assign(buffer.data(), static_cast<size_t>(length));
    return answer;
}

static void ReadBatch(Ahead &ahead, Batch &batch, std::vector<char> &buffer)
{
    for (const Question &question : ahead.questions) {
        Answer answer = Asked(question, batch.folder, buffer);
        if (answer.failure == -EFBIG)
            break;
        const bool more = answer.failure == 0 && (question.step != Step::Link || question.text.empty() ||
                                                  question.text == answer.bytes);
        batch.answers.push_back(std::move(answer));
        if (!more)
            break;
    }
    ahead.held += SizeOf(batch.answers);
}

// It has no JavaScript, and owns what it works with: the process may end at any moment.
static void Read(void *argument)
{
    const std::unique_ptr<std::shared_ptr<Ahead>> own(static_cast<std::shared_ptr<Ahead> *>(argument));
    Ahead &ahead = **own;
    std::vector<char> buffer(BUFFER);
    while (!ahead.over && ahead.held < MOST_HELD) {
        const size_t place = ahead.next++;
        if (place >= ahead.count)
            break;
        Batch &batch = ahead.batches[place];
        State expected = Untouched;
        if (!batch.state.compare_exchange_strong(expected, BeingRead))
            continue;
        ReadBatch(ahead, batch, buffer);
        expected = BeingRead;
        batch.state.compare_exchange_strong(expected, Ready);
    }
    ahead.ended = true;
}

static Question QuestionOf(Napi::Env env, const Napi::Value &value)
{
    static const struct {
        const char *name;
        Step step;
    } steps[] = {{"readSmall", Step::Small},
                 {"readCodeLines", Step::CodeLines},
                 {"readLink", Step::Link},
                 {"identity", Step::Identity},
                 {"linksLike", Step::LinksLike}};
    const Napi::Array words = value.IsArray() ? value.As<Napi::Array>() : Napi::Array::New(env);
    std::string texts[3];
    for (uint32_t i = 0; i < 3; i++)
        if (i < words.Length() && words.Get(i).IsString())
            texts[i] = words.Get(i).As<Napi::String>().Utf8Value();
    for (const auto &known : steps)
        if (known.name == texts[0])
            return {known.step, texts[1], texts[2]};
    Refuse(env, "ERR_INVALID_ARG_VALUE", "a question is the name of a function, of a file and a text");
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
    running.reset();
}

Napi::Value ReadAhead(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    if (!info[0].IsArray() || !info[1].IsArray())
        Refuse(env, "ERR_INVALID_ARG_TYPE", "readAhead takes folders and questions");
    const Napi::Array folders = info[0].As<Napi::Array>(), questions = info[1].As<Napi::Array>();
    const auto ahead = std::make_shared<Ahead>();
    for (uint32_t i = 0; i < questions.Length(); i++)
        ahead->questions.push_back(QuestionOf(env, questions.Get(i)));
    ahead->count = folders.Length();
    ahead->batches = std::make_unique<Batch[]>(ahead->count);
    for (uint32_t i = 0; i < folders.Length(); i++) {
        if (!folders.Get(i).IsString())
            Refuse(env, "ERR_INVALID_ARG_TYPE", "readAhead takes folders and questions");
        ahead->batches[i].folder = folders.Get(i).As<Napi::String>().Utf8Value();
        ahead->places.emplace(ahead->batches[i].folder, i);
    }
    StopReading();
    auto own = std::make_unique<std::shared_ptr<Ahead>>(ahead);
    // libuv's, which Node has: pthread_create() is one of a newer glibc's. Without it everything is asked as it comes.
    if (uv_thread_create(&ahead->thread, Read, own.get()) == 0) {
        static_cast<void>(own.release());
        running = ahead;
    }
    return env.Undefined();
}

Napi::Value TakeBatch(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    current.clear();
    if (!info[0].IsString() || !running)
        return Napi::Boolean::New(env, false);
    const auto found = running->places.find(info[0].As<Napi::String>().Utf8Value());
    if (found == running->places.end())
        return Napi::Boolean::New(env, false);
    Batch &batch = running->batches[found->second];
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

const Answer *TakeAhead(Step step, const std::string &path)
{
    const auto found = std::find_if(current.begin(), current.end(), [step, &path](const Answer &answer) {
        return answer.step == step && answer.path == path;
    });
    if (found == current.end())
        return nullptr;
    handed = std::move(*found);
    current.erase(found);
    return &handed;
}
