// See gather_plan.h. The members are noted first, so that the last of a name counts and their order
// does not matter; then each is judged.
#include "session/gather_plan.h"

#include "common/scanner.h"

#include <stdlib.h>

enum member {
    MEMBER_CALLS,
    MEMBER_ITEMS,
    MEMBER_METHOD,
    MEMBER_OPTIONS,
    MEMBER_MODE,
    MEMBER_LIMIT,
    MEMBER_COUNT,
};

// ---- elements -------------------------------------------------------------------------------

struct elements {
    struct span text; // what the offsets count from
    size_t max;
    struct gather_element *items;
    size_t count;
    size_t capacity;
    enum gather_plan_status status; // OK, TOO_MANY or NO_MEMORY: then no more are added
};

static enum gather_plan_status
elements_add(struct elements *elements, struct span element)
{
    if (elements->count == elements->max)
        return GATHER_PLAN_TOO_MANY;
    if (elements->count == elements->capacity) {
        size_t more = elements->capacity == 0 ? 16 : elements->capacity * 2;
        struct gather_element *grown = reallocarray(elements->items, more, sizeof(*grown));

        if (grown == NULL)
            return GATHER_PLAN_NO_MEMORY;
        elements->items = grown;
        elements->capacity = more;
    }
    elements->items[elements->count++] = (struct gather_element){
        .offset = (uint32_t)(element.at - elements->text.at), .length = (uint32_t)element.length};
    return GATHER_PLAN_OK;
}

// Steps over the array that begins here. If the member was there before, the elements of that are
// forgotten.
static void
elements_find(struct elements *elements, struct scanner *scanner)
{
    enum json_kind kind;
    struct span element;

    free(elements->items);
    *elements = (struct elements){.text = elements->text, .max = elements->max};
    scanner_enter(scanner, JSON_KIND_ARRAY);
    while (scanner_element(scanner) && scanner_value(scanner, &kind, &element))
        if (elements->status == GATHER_PLAN_OK)
            elements->status = elements_add(elements, element);
}

// ---- members --------------------------------------------------------------------------------

struct members {
    struct span value[MEMBER_COUNT];
    enum json_kind kind[MEMBER_COUNT];
    struct elements elements; // of `calls` or `items`
};

static const struct argument arguments[MEMBER_COUNT] = {
    [MEMBER_CALLS] = {"calls", "an array of {method, params, options}"},
    [MEMBER_ITEMS] = {"items", "an array of params"},
    [MEMBER_METHOD] = {"method", "a string"},
    [MEMBER_OPTIONS] = {"options", "an object"},
    [MEMBER_MODE] = {"mode", "all, settled, any or first"},
    [MEMBER_LIMIT] = {"limit", "a whole number above 0"},
};

static bool
is_member_of(enum member member, bool map)
{
    if (member == MEMBER_CALLS)
        return !map;
    return map || member == MEMBER_MODE || member == MEMBER_LIMIT;
}

static bool
fail(struct job_options_fault *ret_fault, enum member member, const char *reason)
{
    *ret_fault = (struct job_options_fault){
        .argument = arguments[member],
        .fault = {.member = span_of(arguments[member].name), .reason = reason},
    };
    return false;
}

static bool
fail_unknown(struct job_options_fault *ret_fault, bool map, struct span name)
{
    *ret_fault = (struct job_options_fault){
        .argument = {"", map ? "method, items, options, mode and limit" : "calls, mode and limit"},
        .fault = {.member = name, .reason = "unknown member"},
    };
    return false;
}

// The elements are found on the way: the array may be long, and is read once.
static bool
read_member(struct scanner *scanner, enum member member, struct members *members)
{
    bool list = member == MEMBER_CALLS || member == MEMBER_ITEMS;
    enum json_kind kind;

    if (!list || !scanner_peek(scanner, &kind) || kind != JSON_KIND_ARRAY)
        return scanner_value(scanner, &members->kind[member], &members->value[member]);
    members->kind[member] = kind;
    members->value[member] = SPAN("[]"); // it is there
    elements_find(&members->elements, scanner);
    return scanner->status == SCAN_OK;
}

static bool
find_members(struct span params, bool map, struct members *members,
             struct job_options_fault *ret_fault)
{
    struct scanner scanner;
    struct span name;

    scanner_init(&scanner, params, SCANNER_DEPTH_LIMIT);
    if (!span_present(params) || !scanner_enter(&scanner, JSON_KIND_OBJECT))
        return fail(ret_fault, map ? MEMBER_METHOD : MEMBER_CALLS, "missing");
    while (scanner_member(&scanner, &name)) {
        enum member member = 0;

        while (member < MEMBER_COUNT &&
               !(is_member_of(member, map) && scanner_name_is(name, arguments[member].name)))
            member++;
        if (member == MEMBER_COUNT)
            return fail_unknown(ret_fault, map, name);
        if (!read_member(&scanner, member, members))
            return fail(ret_fault, member, "not JSON");
    }
    return true;
}

static bool
has(const struct members *members, enum member member)
{
    return span_present(members->value[member]);
}

static struct span
without_quotes(struct span string)
{
    return (struct span){.at = string.at + 1, .length = string.length - 2};
}

static bool
read_mode(const struct members *members, struct gather_plan *plan,
          struct job_options_fault *ret_fault)
{
    static const char *const names[] = {
        [GATHER_ALL] = "all",
        [GATHER_SETTLED] = "settled",
        [GATHER_ANY] = "any",
        [GATHER_FIRST] = "first",
    };

    plan->mode = GATHER_ALL;
    if (!has(members, MEMBER_MODE))
        return true;
    if (members->kind[MEMBER_MODE] != JSON_KIND_STRING)
        return fail(ret_fault, MEMBER_MODE, "wrong type");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (scanner_name_is(without_quotes(members->value[MEMBER_MODE]), names[i])) {
            plan->mode = (enum gather_mode)i;
            return true;
        }
    return fail(ret_fault, MEMBER_MODE, "unknown mode");
}

static bool
read_limit(const struct members *members, struct gather_plan *plan,
           struct job_options_fault *ret_fault)
{
    unsigned long long limit = SIZE_MAX;

    if (has(members, MEMBER_LIMIT) &&
        !argument_whole_number(&arguments[MEMBER_LIMIT], members->kind[MEMBER_LIMIT],
                               members->value[MEMBER_LIMIT], SIZE_MAX, &limit, &ret_fault->fault)) {
        ret_fault->argument = arguments[MEMBER_LIMIT];
        return false;
    }
    if (limit == 0)
        return fail(ret_fault, MEMBER_LIMIT, "zero");
    plan->limit = limit;
    return true;
}

// What a map has and a gather has not.
static bool
read_map(const struct members *members, struct gather_plan *plan,
         struct job_options_fault *ret_fault)
{
    struct job_options options;

    if (!has(members, MEMBER_METHOD))
        return fail(ret_fault, MEMBER_METHOD, "missing");
    if (members->kind[MEMBER_METHOD] != JSON_KIND_STRING)
        return fail(ret_fault, MEMBER_METHOD, "wrong type");
    if (!job_options_parse(members->value[MEMBER_OPTIONS], &options, ret_fault))
        return false;
    plan->method = without_quotes(members->value[MEMBER_METHOD]);
    plan->options = members->value[MEMBER_OPTIONS];
    return true;
}

static enum gather_plan_status
read_elements(const struct members *members, struct gather_plan *plan,
              struct job_options_fault *ret_fault)
{
    enum member member = plan->map ? MEMBER_ITEMS : MEMBER_CALLS;

    if (!has(members, member) || members->kind[member] != JSON_KIND_ARRAY) {
        fail(ret_fault, member, has(members, member) ? "wrong type" : "missing");
        return GATHER_PLAN_FAULT;
    }
    if (members->elements.status != GATHER_PLAN_OK)
        return members->elements.status;
    if (members->elements.count == 0 && (plan->mode == GATHER_ANY || plan->mode == GATHER_FIRST)) {
        fail(ret_fault, member, "empty: nothing can be the first");
        return GATHER_PLAN_FAULT;
    }
    plan->elements = members->elements.items;
    plan->count = members->elements.count;
    return GATHER_PLAN_OK;
}

// ---- the whole ------------------------------------------------------------------------------

bool
gather_plan_is_for(struct span method)
{
    return span_is(method, GATHER_METHOD) || span_is(method, MAP_METHOD);
}

enum gather_plan_status
gather_plan_parse(struct gather_plan *plan, struct span method, struct span params, size_t max,
                  struct job_options_fault *ret_fault)
{
    struct gather_plan fresh = {.text = params, .map = span_is(method, MAP_METHOD)};
    struct members members = {.elements = {.text = params, .max = max}};
    enum gather_plan_status status = GATHER_PLAN_FAULT;

    if (find_members(params, fresh.map, &members, ret_fault) &&
        read_mode(&members, &fresh, ret_fault) && read_limit(&members, &fresh, ret_fault) &&
        (!fresh.map || read_map(&members, &fresh, ret_fault)))
        status = read_elements(&members, &fresh, ret_fault);
    if (status != GATHER_PLAN_OK) {
        free(members.elements.items);
        return status;
    }
    // In place, as messages_parse does it, and last, for no scanner can read it any more.
    if (fresh.map)
        fresh.method.length = scanner_unescape(fresh.method, (char *)fresh.method.at);
    *plan = fresh;
    return GATHER_PLAN_OK;
}

void
gather_plan_done(struct gather_plan *plan)
{
    free(plan->elements);
    plan->elements = NULL;
    plan->count = 0;
}

struct span
gather_plan_element(const struct gather_plan *plan, size_t index)
{
    const struct gather_element *element = &plan->elements[index];

    return (struct span){.at = plan->text.at + element->offset, .length = element->length};
}

size_t
gather_plan_size(const struct gather_plan *plan)
{
    return plan->count * sizeof(struct gather_element);
}
