// Routes: bare names belong to the first pool that serves them, POOL.METHOD always works.

// cmocka.h needs the others before it.
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include "dispatcher/routes.h"

#include <string.h>

#define METHODS(...) ((char *[]){__VA_ARGS__, NULL})

static char echo[] = "echo";
static char sum[] = "sum";
static char render[] = "render";
static char dotted[] = "image.render";

static struct routes *
make(struct pool_config *pools, size_t count)
{
    struct config config = {.pools = pools, .pool_count = count};
    struct routes *routes = routes_new(&config);

    assert_non_null(routes);
    return routes;
}

static void
check_route(struct routes *routes, const char *name, size_t pool, const char *method)
{
    const struct route *route = routes_find(routes, span_of(name));

    if (route == NULL)
        fail_msg("no route for %s", name);
    assert_string_equal(route->name, name);
    assert_int_equal(route->pool, pool);
    assert_string_equal(route->method, method);
}

static void
test_first_pool_wins(void **state)
{
    struct pool_config pools[] = {{.name = (char *)"cpu", .methods = METHODS(echo, sum)},
                                  {.name = (char *)"gpu", .methods = METHODS(render, echo)}};
    struct routes *routes = make(pools, 2);

    (void)state;
    check_route(routes, "echo", 0, "echo");
    check_route(routes, "echo", 0, "echo"); // again, as most do
    check_route(routes, "sum", 0, "sum");
    check_route(routes, "render", 1, "render");
    check_route(routes, "cpu.echo", 0, "echo");
    check_route(routes, "gpu.echo", 1, "echo");
    check_route(routes, "gpu.render", 1, "render");
    check_route(routes, "cpu.sum", 0, "sum");
    routes_free(routes);
    routes_free(NULL);
}

static void
test_unknown_names(void **state)
{
    static const char *const names[] = {"",          "ech",      "echoo",       "Echo",
                                        "cpu.",      ".echo",    "gpu.echo",    "cpu",
                                        "cpu.echo ", "echo.cpu", "cpu.cpu.echo"};
    struct pool_config pools[] = {{.name = (char *)"cpu", .methods = METHODS(echo)}};
    struct routes *routes = make(pools, 1);

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (routes_find(routes, span_of(names[i])) != NULL)
            fail_msg("found: %s", names[i]);
    check_route(routes, "echo", 0, "echo");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (routes_find(routes, span_of(names[i])) != NULL)
            fail_msg("found after another: %s", names[i]);
    assert_null(routes_find(routes, (struct span){"echo\0", 5}));
    assert_non_null(routes_find(routes, (struct span){"echoes", 4})); // no NUL is needed
    routes_free(routes);
}

static void
test_dots_in_methods(void **state)
{
    struct pool_config pools[] = {{.name = (char *)"a", .methods = METHODS(dotted)},
                                  {.name = (char *)"b", .methods = METHODS(dotted)}};
    struct routes *routes = make(pools, 2);

    (void)state;
    check_route(routes, "image.render", 0, "image.render");
    check_route(routes, "a.image.render", 0, "image.render");
    check_route(routes, "b.image.render", 1, "image.render");
    routes_free(routes);
}

// Sorted by name; the primary ones name each method of each pool exactly once.
static void
test_all(void **state)
{
    static const char *const names[] = {"cpu.echo",   "cpu.sum", "echo", "gpu.echo",
                                        "gpu.render", "render",  "sum"};
    static const bool primary[] = {false, false, true, true, false, true, true};
    struct pool_config pools[] = {{.name = (char *)"cpu", .methods = METHODS(echo, sum)},
                                  {.name = (char *)"gpu", .methods = METHODS(echo, render)}};
    struct routes *routes = make(pools, 2);
    size_t count;
    const struct route *all = routes_all(routes, &count);

    (void)state;
    assert_int_equal(count, 7);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(all[i].name, names[i]);
        assert_int_equal(all[i].primary, primary[i]);
        assert_int_equal(all[i].bare, strchr(names[i], '.') == NULL);
    }
    routes_free(routes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_pool_wins),
        cmocka_unit_test(test_unknown_names),
        cmocka_unit_test(test_dots_in_methods),
        cmocka_unit_test(test_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
