using StickySessions.Tests.Integration.Hosts;

namespace StickySessions.Tests.Integration.Cluster;

public sealed class RedisMembershipOnGarnetTests(GarnetServerFixture server) : RedisMembershipTests(server);

public sealed class RedisMembershipOnRedisTests(RedisServerFixture server) : RedisMembershipTests(server);

public sealed class EarlyExpiryOnGarnetTests(GarnetServerFixture server) : EarlyExpiryTests(server);

public sealed class EarlyExpiryOnRedisTests(RedisServerFixture server) : EarlyExpiryTests(server);

public sealed class ExpiredNodeOnGarnetTests(GarnetServerFixture server) : ExpiredNodeTests(server);

public sealed class ExpiredNodeOnRedisTests(RedisServerFixture server) : ExpiredNodeTests(server);

public sealed class NameCheckOnGarnetTests(GarnetServerFixture server) : NameCheckTests(server);

public sealed class NameCheckOnRedisTests(RedisServerFixture server) : NameCheckTests(server);

public sealed class ViewDeltasOnGarnetTests(GarnetServerFixture server) : ViewDeltasTests(server);

public sealed class ViewDeltasOnRedisTests(RedisServerFixture server) : ViewDeltasTests(server);

public sealed class RedisMembershipOnRedisClusterTests(RedisClusterFixture server) : RedisMembershipTests(server);

public sealed class RedisMembershipBehindSentinelTests(SentinelFixture server) : RedisMembershipTests(server);

public sealed class EarlyExpiryOnRedisClusterTests(RedisClusterFixture server) : EarlyExpiryTests(server);

public sealed class EarlyExpiryBehindSentinelTests(SentinelFixture server) : EarlyExpiryTests(server);

public sealed class ExpiredNodeOnRedisClusterTests(RedisClusterFixture server) : ExpiredNodeTests(server);

public sealed class ExpiredNodeBehindSentinelTests(SentinelFixture server) : ExpiredNodeTests(server);

public sealed class NameCheckOnRedisClusterTests(RedisClusterFixture server) : NameCheckTests(server);

public sealed class NameCheckBehindSentinelTests(SentinelFixture server) : NameCheckTests(server);

public sealed class ViewDeltasOnRedisClusterTests(RedisClusterFixture server) : ViewDeltasTests(server);

public sealed class ViewDeltasBehindSentinelTests(SentinelFixture server) : ViewDeltasTests(server);

public sealed class UnsettledViewOnGarnetTests(GarnetServerFixture server) : UnsettledViewTests(server);

public sealed class UnsettledViewOnRedisTests(RedisServerFixture server) : UnsettledViewTests(server);
