using StickySessions.Tests.Integration.Redis;

namespace StickySessions.Tests.Integration.Cluster;

public sealed class RedisMembershipOnGarnetTests(EmbeddedGarnet server) : RedisMembershipTests(server), IClassFixture<EmbeddedGarnet>;

public sealed class RedisMembershipOnRedisTests(RedisServerProcess server)
    : RedisMembershipTests(server), IClassFixture<RedisServerProcess>;

public sealed class EarlyExpiryOnGarnetTests(EmbeddedGarnet server) : EarlyExpiryTests(server), IClassFixture<EmbeddedGarnet>;

public sealed class EarlyExpiryOnRedisTests(RedisServerProcess server) : EarlyExpiryTests(server), IClassFixture<RedisServerProcess>;

public sealed class ExpiredNodeOnGarnetTests(EmbeddedGarnet server) : ExpiredNodeTests(server), IClassFixture<EmbeddedGarnet>;

public sealed class ExpiredNodeOnRedisTests(RedisServerProcess server) : ExpiredNodeTests(server), IClassFixture<RedisServerProcess>;

public sealed class NameCheckOnGarnetTests(EmbeddedGarnet server) : NameCheckTests(server), IClassFixture<EmbeddedGarnet>;

public sealed class NameCheckOnRedisTests(RedisServerProcess server) : NameCheckTests(server), IClassFixture<RedisServerProcess>;

public sealed class ViewDeltasOnGarnetTests(EmbeddedGarnet server) : ViewDeltasTests(server), IClassFixture<EmbeddedGarnet>;

public sealed class ViewDeltasOnRedisTests(RedisServerProcess server) : ViewDeltasTests(server), IClassFixture<RedisServerProcess>;
