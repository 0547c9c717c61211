package temporal

import (
	"time"

	"go.temporal.io/server/common/dynamicconfig"
)

// unlimited stands for a rate that the hardware reaches long after its own limits.
const unlimited = 1_000_000

// dynamicConfig is what differs from the server's defaults, which protect a shared cluster: here one program owns all
// of it, and the hardware should be the limit.
func dynamicConfig() dynamicconfig.StaticClient {
	settings := dynamicconfig.StaticClient{
		// Tasks of one bot must not wait behind another's backlog.
		dynamicconfig.MatchingUseNewMatcher.Key():  true,
		dynamicconfig.MatchingEnableFairness.Key(): true,

		// One partition: more of them spread load over hosts that don't exist here, and fairness and rate limits hold
		// within one partition only.
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,

		// The first workflow task and the first activities travel with the answer that caused them.
		dynamicconfig.EnableEagerWorkflowStart.Key():     true,
		dynamicconfig.EnableActivityEagerExecution.Key(): true,

		// Worker deployments are how a new build of the workers takes over.
		dynamicconfig.EnableDeploymentVersions.Key():                   true,
		dynamicconfig.FrontendEnableWorkerVersioningWorkflowAPIs.Key(): true,

		// Nexus is not used, and would need an HTTP port.
		dynamicconfig.EnableNexus.Key(): false,

		// A new namespace, and a search attribute added to one, are usable after this long.
		dynamicconfig.NamespaceCacheRefreshInterval.Key(): time.Second,

		// Without this a search attribute just added is usable only after the cache's minute: too long for somebody's
		// first start. It costs a small read each time.
		dynamicconfig.ForceSearchAttributesCacheRefreshOnRead.Key(): true,
	}
	for _, rate := range []dynamicconfig.Key{
		dynamicconfig.FrontendRPS.Key(),
		dynamicconfig.FrontendMaxNamespaceRPSPerInstance.Key(),
		dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key(),
		dynamicconfig.FrontendMaxConcurrentLongRunningRequestsPerInstance.Key(),
		dynamicconfig.FrontendPersistenceMaxQPS.Key(),
		dynamicconfig.HistoryRPS.Key(),
		dynamicconfig.HistoryPersistenceMaxQPS.Key(),
		dynamicconfig.MatchingRPS.Key(),
		dynamicconfig.MatchingPersistenceMaxQPS.Key(),
		dynamicconfig.WorkerPersistenceMaxQPS.Key(),
		dynamicconfig.VisibilityPersistenceMaxReadQPS.Key(),
		dynamicconfig.VisibilityPersistenceMaxWriteQPS.Key(),
		dynamicconfig.TransferProcessorMaxPollRPS.Key(),
		dynamicconfig.TimerProcessorMaxPollRPS.Key(),
		dynamicconfig.VisibilityProcessorMaxPollRPS.Key(),
		dynamicconfig.AdminMatchingNamespaceToPartitionDispatchRate.Key(),
		dynamicconfig.AdminMatchingNamespaceTaskqueueToPartitionDispatchRate.Key(),
	} {
		settings[rate] = unlimited
	}
	return settings
}
