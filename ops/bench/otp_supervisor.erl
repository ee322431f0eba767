%% OTP's supervisor at the work of supervision.py: start, crash one at a time, crash together, stop.
%% One JSON line on stdout. The clock is the wall's: Erlang does not tell CPU time finely enough.
-module(otp_supervisor).
-behaviour(supervisor).
-export([main/1, init/1, start_child/2, live/2]).

-define(WARM_UP, 100).
-define(UNLIMITED, 1000000000).

main([Kind, Children, Crashes]) ->
    logger:set_primary_config(level, none),  % each crash would be an error in the log
    process_flag(trap_exit, true),
    run(Kind, ?WARM_UP, ?WARM_UP),
    Line = run(Kind, list_to_integer(Children), list_to_integer(Crashes)),
    io:put_chars([Line, $\n]),
    halt(0).

init([Flags, Children]) -> {ok, {Flags#{intensity => ?UNLIMITED, period => 60}, Children}}.

spec(Id, Arguments) ->
    #{id => Id, start => {?MODULE, start_child, Arguments}, restart => permanent, shutdown => 5000}.

start_child(Harness, Number) -> proc_lib:start_link(?MODULE, live, [Harness, Number]).

%% Be a child, once.
live(Harness, Number) ->
    proc_lib:init_ack({ok, self()}),
    Harness ! {ready, Number, self()},
    receive crash -> exit(crash) end.

run(Kind, Children, Crashes) ->
    {StartNs, Supervisor} = timed(fun() -> start(Kind, Children) end),
    Pids = await_ready(Children, #{}),
    {RestartNs, Pids1} = timed(fun() -> fell_in_turn(1, Crashes, Pids) end),
    {BurstNs, Pids2} = timed(fun() -> fell_together(Crashes, Pids1) end),
    Active = proplists:get_value(active, supervisor:count_children(Supervisor)),
    {StopNs, ok} = timed(fun() -> stop(Supervisor) end),
    Left = length([Pid || {Pid, _} <- maps:values(Pids2), is_process_alive(Pid)]),
    Starts = lists:sum([Times || {_, Times} <- maps:values(Pids2)]),
    Laps = [lap("start", Children, StartNs), lap("restart", Crashes, RestartNs),
            lap("burst", Crashes, BurstNs), lap("stop", Children, StopNs)],
    io_lib:format("{\"laps\": {~s}, \"census\": {\"generations\": null, \"active\": ~b}, "
                  "\"starts\": ~b, \"left\": ~b, \"in_reverse\": null}",
                  [lists:join(", ", Laps), Active, Starts, Left]).

timed(Phase) ->
    Begin = erlang:monotonic_time(nanosecond),
    Result = Phase(),
    {erlang:monotonic_time(nanosecond) - Begin, Result}.

lap(Phase, Units, Ns) ->
    io_lib:format("\"~s\": {\"units\": ~b, \"wall_s\": ~.9f}", [Phase, Units, Ns / 1.0e9]).

start("one_for_one", Children) ->
    Specs = [spec(Number, [self(), Number]) || Number <- lists:seq(1, Children)],
    {ok, Supervisor} = supervisor:start_link(?MODULE, [#{strategy => one_for_one}, Specs]),
    Supervisor;
start("simple_one_for_one", Children) ->
    Arguments = [#{strategy => simple_one_for_one}, [spec(child, [self()])]],
    {ok, Supervisor} = supervisor:start_link(?MODULE, Arguments),
    lists:foreach(fun(Number) -> {ok, _} = supervisor:start_child(Supervisor, [Number]) end,
                  lists:seq(1, Children)),
    Supervisor.

%% Wait until so many children say that they are ready; number -> {pid of the latest, times that it was ready}.
await_ready(0, Pids) -> Pids;
await_ready(Missing, Pids) ->
    receive {ready, Number, Pid} ->
        {_, Times} = maps:get(Number, Pids, {none, 0}),
        await_ready(Missing - 1, Pids#{Number => {Pid, Times + 1}})
    end.

fell(Number, Pids) ->
    {Pid, _} = maps:get(Number, Pids),
    Pid ! crash.

fell_in_turn(Number, Crashes, Pids) when Number > Crashes -> Pids;
fell_in_turn(Number, Crashes, Pids) ->
    fell(Number, Pids),
    fell_in_turn(Number + 1, Crashes, await_ready(1, Pids)).

fell_together(Crashes, Pids) ->
    lists:foreach(fun(Number) -> fell(Number, Pids) end, lists:seq(1, Crashes)),
    await_ready(Crashes, Pids).

stop(Supervisor) ->
    exit(Supervisor, shutdown),
    receive {'EXIT', Supervisor, _} -> ok end.
