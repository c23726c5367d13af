// The API's types, generated from docs/reference/openapi.json by `npm run generate`. Do not edit.
export interface paths {
    "/build": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Build
         * @description Build a zip of a folder, one Python file, or the `spec.source` of a function, as JSON.
         *
         *     With `Accept: application/x-ndjson` every event is sent as it happens; the last one is the
         *     result. Disconnecting cancels the build.
         */
        post: operations["build"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/calls": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Calls
         * @description List asynchronous calls, newest first. Finished calls are deleted after their retention.
         */
        get: operations["list_calls"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/calls/{call_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Call
         * @description Read the state of an asynchronous call.
         */
        get: operations["get_call"];
        put?: never;
        post?: never;
        /**
         * Cancel Call
         * @description Cancel a queued call. A running call cannot be cancelled.
         */
        delete: operations["cancel_call"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/calls/{call_id}/result": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Result
         * @description Read the response of the function: its body and media type.
         *
         *     The status is 409 until the call has finished, and 404 if it ended without a response.
         */
        get: operations["read_result"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Watch Functions
         * @description Stream every change of a function.
         */
        get: operations["watch_functions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/functions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Functions
         * @description List functions by name, with their status.
         */
        get: operations["list_functions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/functions/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Function
         * @description Read a function with its status.
         *
         *     With `wait` and `resourceVersion` the response is sent when the stored version differs, or
         *     unchanged after that time.
         */
        get: operations["get_function"];
        /**
         * Put Function
         * @description Create or replace a function.
         *
         *     Only `spec` is required. The response does not wait for replicas: poll until
         *     `status.observedGeneration` equals `metadata.generation` and the condition `Ready` is true.
         */
        put: operations["put_function"];
        post?: never;
        /**
         * Delete Function
         * @description Delete a function: calls are rejected at once, and it is removed after its replicas.
         */
        delete: operations["delete_function"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/functions/{name}/logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read Logs
         * @description Read the logs of all replicas of a function, including stopped ones.
         *
         *     While following, empty lines are sent as heartbeats.
         */
        get: operations["read_logs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/functions/{name}/notice": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Put Notice
         * @description Show an error in the responses of the function; development only.
         */
        put: operations["put_notice"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/functions/{name}/redeploy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Redeploy Function
         * @description Create a new revision from the same artifact, and replace the replicas one by one.
         */
        post: operations["redeploy_function"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/functions/{name}/replicas": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Replicas
         * @description List the replicas of a function.
         */
        get: operations["list_replicas"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/functions/{name}/revisions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Revisions
         * @description List the revisions of a function, oldest first.
         */
        get: operations["list_revisions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/functions/{name}/scale": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Scale Function
         * @description Fix the number of replicas, or set the limits of autoscaling.
         *
         *     Omitted fields keep their values; `"replicas": null` returns to autoscaling.
         */
        post: operations["scale_function"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/functions/{name}/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Start Function
         * @description Start a stopped function.
         */
        post: operations["start_function"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/functions/{name}/stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Stop Function
         * @description Stop a function: its replicas stop, and calls get status 503.
         */
        post: operations["stop_function"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Health
         * @description Report that the process is alive.
         */
        get: operations["get_health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Metrics
         * @description Return the metrics for Prometheus.
         */
        get: operations["get_metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Readiness
         * @description Report whether the platform accepts calls and deployments.
         */
        get: operations["get_readiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Register Function
         * @description Create or replace a function, given as one flat object.
         *
         *     `env` may be an object. Otherwise the same as `PUT /functions/{name}`.
         */
        post: operations["register_function"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/runtimes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Runtimes
         * @description List the runtimes that functions can use.
         */
        get: operations["list_runtimes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/secrets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Secrets
         * @description List the secrets of a namespace: their names and keys, never their values.
         */
        get: operations["list_secrets"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/secrets/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Secret
         * @description Read the keys of a secret, never its values.
         */
        get: operations["get_secret"];
        /**
         * Put Secret
         * @description Create or replace a secret.
         */
        put: operations["put_secret"];
        post?: never;
        /**
         * Delete Secret
         * @description Delete a secret; functions that use it report that in a condition.
         */
        delete: operations["delete_secret"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/system/info": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get System Info
         * @description Return version, backend, uptime, and the role of the token.
         */
        get: operations["get_system_info"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * ArchiveSource
         * @description A zip or tar.gz archive at a URL.
         */
        ArchiveSource: {
            /**
             * Digest
             * @default null
             */
            digest: string | null;
            /** Url */
            url: string;
        };
        /**
         * CallList
         * @description Calls, newest first.
         */
        CallList: {
            /** Items */
            items: components["schemas"]["CallView"][];
        };
        /**
         * CallView
         * @description The state of an asynchronous call.
         */
        CallView: {
            /**
             * Attempts
             * @description Number of attempts started.
             */
            attempts: number;
            /**
             * Created
             * Format: date-time
             */
            created: string;
            /**
             * Due
             * @description Next attempt, while the call is queued.
             */
            due?: string | null;
            /** Finished */
            finished?: string | null;
            /** Function */
            function: string;
            /**
             * Id
             * @description `X-Call-Id` of each attempt.
             */
            id: string;
            /** Method */
            method: string;
            /** Namespace */
            namespace: string;
            /**
             * Path
             * @description Path below the function, with the query.
             */
            path: string;
            /**
             * Started
             * @description Start of the last attempt.
             */
            started?: string | null;
            /**
             * State
             * @enum {string}
             */
            state: "queued" | "running" | "succeeded" | "failed" | "cancelled";
            /**
             * Status
             * @description Status of the function's response.
             */
            status?: number | null;
            /** @description Why the last failed attempt failed. */
            trouble?: components["schemas"]["TroubleView"] | null;
            /**
             * Truncated
             * @description Whether the stored body was cut at its limit.
             * @default false
             */
            truncated: boolean;
        };
        /**
         * Condition
         * @description An observed condition, as in the Kubernetes API conventions.
         */
        Condition: {
            /** Lasttransitiontime */
            lastTransitionTime?: string | null;
            /**
             * Message
             * @default
             */
            message: string;
            /** Observedgeneration */
            observedGeneration?: number | null;
            /** Reason */
            reason: string;
            /**
             * Status
             * @enum {string}
             */
            status: "True" | "False" | "Unknown";
            /** Type */
            type: string;
        };
        /**
         * EnvVar
         * @description An environment variable, as in core/v1.
         */
        EnvVar: {
            /** Name */
            name: string;
            /**
             * Value
             * @default null
             */
            value: string | null;
            /** @default null */
            valueFrom: components["schemas"]["EnvVarSource"] | null;
        };
        /**
         * EnvVarSource
         * @description Source of the value of an environment variable.
         */
        EnvVarSource: {
            secretKeyRef: components["schemas"]["SecretKeyRef"];
        };
        /**
         * FieldError
         * @description An invalid field of the input.
         */
        FieldError: {
            /**
             * Field
             * @description Path of the field, such as `spec.scale.min`.
             */
            field: string;
            /** Message */
            message: string;
        };
        /**
         * Finished
         * @description The build succeeded. `unchanged`: the same source was built before.
         */
        Finished: {
            /** Commit */
            commit?: string | null;
            /** Digest */
            digest: string;
            /** Handler */
            handler?: string | null;
            /** Image */
            image: string;
            /** Runtime */
            runtime: string;
            /**
             * Type
             * @default finished
             * @constant
             */
            type: "finished";
            /**
             * Unchanged
             * @default false
             */
            unchanged: boolean;
        };
        /**
         * Function
         * @description A function: metadata, spec and status.
         */
        Function: {
            /**
             * Apiversion
             * @default plat.dev/v1alpha1
             * @constant
             */
            apiVersion: "plat.dev/v1alpha1";
            /**
             * Kind
             * @default Function
             * @constant
             */
            kind: "Function";
            metadata: components["schemas"]["Metadata"];
            spec: components["schemas"]["FunctionSpec"];
            status?: components["schemas"]["FunctionStatus"] | null;
        };
        /**
         * FunctionDocument
         * @description A Function in a request: only `spec` is required, and `status` is ignored.
         */
        FunctionDocument: {
            /**
             * Apiversion
             * @default plat.dev/v1alpha1
             * @constant
             */
            apiVersion: "plat.dev/v1alpha1";
            /**
             * Kind
             * @default Function
             * @constant
             */
            kind: "Function";
            metadata?: components["schemas"]["MetadataDocument"];
            spec: components["schemas"]["FunctionSpec"];
            /**
             * Status
             * @default null
             */
            status: {
                [key: string]: unknown;
            } | null;
        };
        /**
         * FunctionList
         * @description Functions, ordered by name.
         */
        FunctionList: {
            /** Items */
            items: components["schemas"]["Function"][];
        };
        /**
         * FunctionSpec
         * @description Desired state.
         */
        FunctionSpec: {
            /**
             * Access
             * @default token
             * @enum {string}
             */
            access: "public" | "token";
            /**
             * Concurrency
             * @default 20
             */
            concurrency: number;
            /**
             * Debug
             * @default null
             */
            debug: number | null;
            /**
             * Env
             * @default []
             */
            env: components["schemas"]["EnvVar"][];
            /**
             * Forwardauthorization
             * @default false
             */
            forwardAuthorization: boolean;
            /**
             * Handler
             * @default null
             */
            handler: string | null;
            /**
             * Image
             * @default null
             */
            image: string | null;
            /**
             * Redeployedat
             * @default null
             */
            redeployedAt: string | null;
            /**
             * @default {
             *       "requests": {
             *         "cpu": null,
             *         "memory": null
             *       },
             *       "limits": {
             *         "cpu": null,
             *         "memory": null
             *       }
             *     }
             */
            resources: components["schemas"]["Resources"];
            /**
             * Runtime
             * @default null
             */
            runtime: string | null;
            /**
             * @default {
             *       "min": 0,
             *       "max": 10,
             *       "replicas": null,
             *       "target": null,
             *       "idle": "60s",
             *       "whenIdle": "stop"
             *     }
             */
            scale: components["schemas"]["Scale"];
            /**
             * Secrets
             * @default []
             */
            secrets: string[];
            /** @default null */
            source: components["schemas"]["Source"] | null;
            /**
             * Suspend
             * @default false
             */
            suspend: boolean;
            /**
             * Timeout
             * @default 30s
             */
            timeout: string;
        };
        /**
         * FunctionStatus
         * @description Observed state.
         */
        FunctionStatus: {
            /** Commit */
            commit?: string | null;
            /**
             * Conditions
             * @default []
             */
            conditions: components["schemas"]["Condition"][];
            /** Deployedat */
            deployedAt?: string | null;
            /**
             * Hints
             * @default []
             */
            hints: components["schemas"]["Hint"][];
            /** Image */
            image?: string | null;
            /** Latestrevision */
            latestRevision?: string | null;
            /**
             * Observedgeneration
             * @default 0
             */
            observedGeneration: number;
            /**
             * Readyreplicas
             * @default 0
             */
            readyReplicas: number;
            /**
             * Replicas
             * @default 0
             */
            replicas: number;
            /** Revision */
            revision?: string | null;
            /** Url */
            url?: string | null;
        };
        /**
         * GitSource
         * @description A folder in a git repository.
         */
        GitSource: {
            /**
             * Path
             * @default null
             */
            path: string | null;
            /**
             * Ref
             * @default HEAD
             */
            ref: string;
            /** Url */
            url: string;
        };
        /**
         * Health
         * @description The process is alive.
         */
        Health: {
            /**
             * Status
             * @default ok
             * @constant
             */
            status: "ok";
        };
        /**
         * Hint
         * @description How to resolve a problem, as a command or a sentence.
         */
        Hint: {
            /** Fix */
            fix: string;
            /** Reason */
            reason: string;
        };
        /**
         * Metadata
         * @description Identity of the function. Fields that the platform sets are accepted and ignored.
         */
        Metadata: {
            /**
             * Annotations
             * @default {}
             */
            annotations: {
                [key: string]: string;
            };
            /** Creationtimestamp */
            creationTimestamp?: string | null;
            /** Deletiontimestamp */
            deletionTimestamp?: string | null;
            /** Generation */
            generation?: number | null;
            /**
             * Labels
             * @default {}
             */
            labels: {
                [key: string]: string;
            };
            /** Name */
            name: string;
            /**
             * Namespace
             * @default default
             */
            namespace: string;
            /** Resourceversion */
            resourceVersion?: string | null;
            /** Uid */
            uid?: string | null;
        };
        /**
         * MetadataDocument
         * @description Metadata of a Function. The path sets the name; fields that the platform sets are ignored.
         */
        MetadataDocument: {
            /** Annotations */
            annotations?: {
                [key: string]: string;
            };
            /**
             * Creationtimestamp
             * @default null
             */
            creationTimestamp: string | null;
            /**
             * Deletiontimestamp
             * @default null
             */
            deletionTimestamp: string | null;
            /**
             * Generation
             * @default null
             */
            generation: number | null;
            /** Labels */
            labels?: {
                [key: string]: string;
            };
            /**
             * Name
             * @default null
             */
            name: string | null;
            /**
             * Namespace
             * @default null
             */
            namespace: string | null;
            /**
             * Resourceversion
             * @default null
             */
            resourceVersion: string | null;
            /**
             * Uid
             * @default null
             */
            uid: string | null;
        };
        /**
         * Notice
         * @description An error in the source that is being edited; an empty text removes it.
         */
        Notice: {
            /**
             * Text
             * @default
             */
            text: string;
        };
        /**
         * Problem
         * @description An error, as RFC 9457 defines it.
         * @example {
         *       "callId": "7d9f0c2e5b8a4f10",
         *       "code": "function-not-found",
         *       "detail": "there is no function 'orders'",
         *       "fix": "plat list",
         *       "status": 404,
         *       "title": "Not Found",
         *       "type": "about:blank"
         *     }
         */
        Problem: {
            /**
             * Callid
             * @description The same as the header `X-Call-Id`.
             */
            callId: string;
            /**
             * Code
             * @description Stable, for programs: `function-not-found`, `conflict` …
             */
            code: string;
            /** Detail */
            detail: string;
            /**
             * Errors
             * @default null
             */
            errors: components["schemas"]["FieldError"][] | null;
            /**
             * Fix
             * @description How to resolve it.
             * @default null
             */
            fix: string | null;
            /**
             * Log
             * @description The end of a failed build's log.
             * @default null
             */
            log: string | null;
            /** Status */
            status: number;
            /** Title */
            title: string;
            /**
             * Type
             * @default about:blank
             */
            type: string;
        };
        /**
         * ReadinessView
         * @description Whether the service accepts requests; `reasons` explains for each part why not.
         */
        ReadinessView: {
            /**
             * Reasons
             * @default {}
             */
            reasons: {
                [key: string]: string;
            };
            /**
             * Status
             * @enum {string}
             */
            status: "ready" | "starting";
        };
        /**
         * Registration
         * @description A Function in flat form: its name and the fields of its spec in one object.
         */
        Registration: {
            /**
             * Access
             * @default token
             * @enum {string}
             */
            access: "public" | "token";
            /** Annotations */
            annotations?: {
                [key: string]: string;
            };
            /**
             * Concurrency
             * @default 20
             */
            concurrency: number;
            /**
             * Debug
             * @default null
             */
            debug: number | null;
            /**
             * Env
             * @default []
             */
            env: components["schemas"]["EnvVar"][] | {
                [key: string]: string;
            };
            /**
             * Forwardauthorization
             * @default false
             */
            forwardAuthorization: boolean;
            /**
             * Handler
             * @default null
             */
            handler: string | null;
            /**
             * Image
             * @default null
             */
            image: string | null;
            /** Labels */
            labels?: {
                [key: string]: string;
            };
            /** Name */
            name: string;
            /**
             * Namespace
             * @default default
             */
            namespace: string;
            /**
             * Redeployedat
             * @default null
             */
            redeployedAt: string | null;
            /**
             * @default {
             *       "requests": {
             *         "cpu": null,
             *         "memory": null
             *       },
             *       "limits": {
             *         "cpu": null,
             *         "memory": null
             *       }
             *     }
             */
            resources: components["schemas"]["Resources"];
            /**
             * Runtime
             * @default null
             */
            runtime: string | null;
            /**
             * @default {
             *       "min": 0,
             *       "max": 10,
             *       "replicas": null,
             *       "target": null,
             *       "idle": "60s",
             *       "whenIdle": "stop"
             *     }
             */
            scale: components["schemas"]["Scale"];
            /**
             * Secrets
             * @default []
             */
            secrets: string[];
            /** @default null */
            source: components["schemas"]["Source"] | null;
            /**
             * Suspend
             * @default false
             */
            suspend: boolean;
            /**
             * Timeout
             * @default 30s
             */
            timeout: string;
        };
        /**
         * ReplicaFailure
         * @description Why a replica is not ready.
         */
        ReplicaFailure: {
            /**
             * Log
             * @default
             */
            log: string;
            /** Message */
            message: string;
            /** Reason */
            reason: string;
        };
        /**
         * ReplicaList
         * @description The replicas of a function.
         */
        ReplicaList: {
            /** Items */
            items: components["schemas"]["ReplicaView"][];
        };
        /**
         * ReplicaView
         * @description A running instance of a revision.
         */
        ReplicaView: {
            failure?: components["schemas"]["ReplicaFailure"] | null;
            /** Id */
            id: string;
            /** Restarts */
            restarts: number;
            /** Revision */
            revision: string;
            /**
             * Since
             * Format: date-time
             */
            since: string;
            /**
             * State
             * @enum {string}
             */
            state: "starting" | "ready" | "unready" | "stopping" | "waiting" | "paused";
        };
        /**
         * ResourceAmounts
         * @description Quantities of CPU and memory.
         */
        ResourceAmounts: {
            /**
             * Cpu
             * @default null
             */
            cpu: string | null;
            /**
             * Memory
             * @default null
             */
            memory: string | null;
        };
        /**
         * Resources
         * @description Resource requests and limits of a replica.
         */
        Resources: {
            /**
             * @default {
             *       "cpu": null,
             *       "memory": null
             *     }
             */
            limits: components["schemas"]["ResourceAmounts"];
            /**
             * @default {
             *       "cpu": null,
             *       "memory": null
             *     }
             */
            requests: components["schemas"]["ResourceAmounts"];
        };
        /**
         * RevisionList
         * @description The revisions of a function, oldest first.
         */
        RevisionList: {
            /** Items */
            items: components["schemas"]["RevisionView"][];
        };
        /**
         * RevisionView
         * @description An artifact and its spec; `serving` marks the revision that gets the calls.
         */
        RevisionView: {
            /**
             * Created
             * Format: date-time
             */
            created: string;
            /** Image */
            image: string;
            /** Name */
            name: string;
            /** Number */
            number: number;
            /** Serving */
            serving: boolean;
            spec: components["schemas"]["FunctionSpec"];
        };
        /**
         * RuntimeList
         * @description The runtimes that functions can use.
         */
        RuntimeList: {
            /** Items */
            items: components["schemas"]["RuntimeView"][];
        };
        /**
         * RuntimeView
         * @description A runtime that functions can use.
         */
        RuntimeView: {
            /** Description */
            description: string;
            /** Handler */
            handler: string;
            /** Language */
            language: string;
            /** Name */
            name: string;
            /**
             * Template
             * @description Files of a new function: path → text.
             * @default {}
             */
            template: {
                [key: string]: string;
            };
        };
        /**
         * Scale
         * @description Bounds and targets of autoscaling.
         */
        Scale: {
            /**
             * Idle
             * @default 60s
             */
            idle: string;
            /**
             * Max
             * @default 10
             */
            max: number;
            /**
             * Min
             * @default 0
             */
            min: number;
            /**
             * Replicas
             * @default null
             */
            replicas: number | null;
            /**
             * Target
             * @default null
             */
            target: number | null;
            /**
             * Whenidle
             * @default stop
             * @enum {string}
             */
            whenIdle: "stop" | "pause";
        };
        /**
         * ScaleChange
         * @description New bounds of the scale. Omitted fields stay; `replicas: null` ends a fixed number.
         */
        ScaleChange: {
            /**
             * Idle
             * @default null
             */
            idle: string | null;
            /**
             * Max
             * @default null
             */
            max: number | null;
            /**
             * Min
             * @default null
             */
            min: number | null;
            /**
             * Replicas
             * @default null
             */
            replicas: number | null;
            /**
             * Target
             * @default null
             */
            target: number | null;
            /**
             * Whenidle
             * @default null
             */
            whenIdle: ("stop" | "pause") | null;
        };
        /**
         * SecretKeyRef
         * @description Selects a key of a secret.
         */
        SecretKeyRef: {
            /** Key */
            key: string;
            /** Name */
            name: string;
            /**
             * Optional
             * @default false
             */
            optional: boolean;
        };
        /**
         * SecretList
         * @description The secrets of a namespace, without their values.
         */
        SecretList: {
            /** Items */
            items: components["schemas"]["SecretView"][];
        };
        /**
         * SecretValues
         * @description The values of a secret; they replace all stored values.
         */
        SecretValues: {
            /** Values */
            values: {
                [key: string]: string;
            };
        };
        /**
         * SecretView
         * @description A secret without its values.
         */
        SecretView: {
            /** Keys */
            keys: string[];
            /** Name */
            name: string;
            /** Namespace */
            namespace: string;
        };
        /**
         * Source
         * @description The user's files: inline, in a git repository, or in an archive.
         */
        Source: {
            /** @default null */
            archive: components["schemas"]["ArchiveSource"] | null;
            /** @default null */
            git: components["schemas"]["GitSource"] | null;
            /**
             * Inline
             * @default null
             */
            inline: {
                [key: string]: string;
            } | null;
        };
        /**
         * SystemInfo
         * @description The running platform.
         */
        SystemInfo: {
            /** Backend */
            backend: string;
            /** Dev */
            dev: boolean;
            /** Functions */
            functions: number;
            /**
             * Role
             * @description Role of the token; a `viewer` may only read.
             * @enum {string}
             */
            role: "admin" | "viewer";
            /**
             * Started
             * Format: date-time
             */
            started: string;
            /**
             * Uptime
             * @description Seconds since the start.
             */
            uptime: number;
            /** Url */
            url: string;
            /** Version */
            version: string;
        };
        /**
         * TroubleView
         * @description Why an attempt failed.
         */
        TroubleView: {
            /**
             * Code
             * @description Error code; `answered`: the function sent an error.
             */
            code: string;
            /** Message */
            message: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    build: {
        parameters: {
            query: {
                /** @description Add debugpy to the environment. */
                debug?: boolean;
                /** @description The handler, as in `spec.handler`. */
                handler?: string | null;
                /** @description The function's name. */
                name: string;
                /** @description See `GET /runtimes`. */
                runtime?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "inline": {
                 *         "app.py": "def handler(request): ..."
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["Source"];
                "application/zip": string;
                "multipart/form-data": {
                    /** Format: binary */
                    file: string;
                };
                "text/x-python": string;
            };
        };
        responses: {
            /** @description The artifact; or, as lines of JSON, all events of the build. */
            200: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Finished"];
                    "application/x-ndjson": string;
                };
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or invalid. */
            401: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role of the token does not allow this. */
            403: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description None of the accepted media types is available. */
            406: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The media type of the body is not supported. */
            415: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The input is invalid: `errors` names the fields. */
            422: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many invalid tokens from this address. */
            429: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform is unavailable. */
            503: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_calls: {
        parameters: {
            query?: {
                /** @description Calls of this function only. */
                function?: string | null;
                /** @description Maximum number of calls. */
                limit?: number;
                /** @description One namespace only (default: all). */
                namespace?: string | null;
                /** @description Calls in this state only. */
                state?: ("queued" | "running" | "succeeded" | "failed" | "cancelled") | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallList"];
                };
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or invalid. */
            401: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The input is invalid: `errors` names the fields. */
            422: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many invalid tokens from this address. */
            429: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This backend does not support it. */
            501: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform is unavailable. */
            503: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_call: {
        parameters: {
            query?: {
                /** @description Time to wait for the call to finish, such as `30s`. */
                wait?: string | null;
            };
            header?: never;
            path: {
                /** @description The id that `/async-function/` returned. */
                call_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallView"];
                };
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or invalid. */
            401: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found. */
            404: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The input is invalid: `errors` names the fields. */
            422: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many invalid tokens from this address. */
            429: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This backend does not support it. */
            501: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform is unavailable. */
            503: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancel_call: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id that `/async-function/` returned. */
                call_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallView"];
                };
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or invalid. */
            401: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role of the token does not allow this. */
            403: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found. */
            404: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another change came first, or the object is being deleted. */
            409: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The input is invalid: `errors` names the fields. */
            422: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many invalid tokens from this address. */
            429: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This backend does not support it. */
            501: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform is unavailable. */
            503: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    read_result: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id that `/async-function/` returned. */
                call_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The body of the function's response, whatever its status. */
            200: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    /** @description The status of the function's response. */
                    "X-Call-Status"?: number;
                    /** @description `true` if the response exceeded the limit of stored results. */
                    "X-Call-Truncated"?: "true";
                    [name: string]: unknown;
                };
                content: {
                    "*/*": string;
                };
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or invalid. */
            401: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found. */
            404: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another change came first, or the object is being deleted. */
            409: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The input is invalid: `errors` names the fields. */
            422: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many invalid tokens from this address. */
            429: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This backend does not support it. */
            501: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform is unavailable. */
            503: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    watch_functions: {
        parameters: {
            query?: {
                /** @description One namespace only (default: all). */
                namespace?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events `created`, `changed` and `deleted`, with the Function as data. It starts with a `created` event for every function. It ends after an hour: reconnect then. */
            200: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": {
                        data: string;
                        /** @enum {string} */
                        event: "created" | "changed" | "deleted";
                        /** @description The function's resourceVersion. */
                        id?: string;
                    };
                };
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or invalid. */
            401: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description None of the accepted media types is available. */
            406: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The input is invalid: `errors` names the fields. */
            422: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many invalid tokens from this address. */
            429: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform is unavailable. */
            503: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_functions: {
        parameters: {
            query?: {
                /** @description One namespace only (default: all). */
                namespace?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FunctionList"];
                };
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or invalid. */
            401: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The input is invalid: `errors` names the fields. */
            422: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many invalid tokens from this address. */
            429: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform is unavailable. */
            503: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_function: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
                /** @description Version that the client has; the response waits for another one. */
                resourceVersion?: string | null;
                /** @description Time to wait for a change from `resourceVersion`. */
                wait?: string | null;
            };
            header?: never;
            path: {
                /** @description The function's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Function"];
                };
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or invalid. */
            401: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found. */
            404: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The input is invalid: `errors` names the fields. */
            422: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many invalid tokens from this address. */
            429: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform is unavailable. */
            503: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_function: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
            };
            header?: never;
            path: {
                /** @description The function's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "spec": {
                 *         "image": "embedded/orders@sha256:0000000000000000000000000000000000000000000000000000000000000000",
                 *         "runtime": "python",
                 *         "handler": "app:handler",
                 *         "timeout": "30s",
                 *         "env": [
                 *           {
                 *             "name": "LOG_LEVEL",
                 *             "value": "info"
                 *           }
                 *         ],
                 *         "scale": {
                 *           "min": 0,
                 *           "max": 5,
                 *           "idle": "60s"
                 *         }
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["FunctionDocument"];
            };
        };
        responses: {
            /** @description Stored; the function existed before. */
            200: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    /** @description `true` if the stored function is the same. */
                    "X-Plat-Unchanged"?: "true";
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Function"];
                };
            };
            /** @description Created. */
            201: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Function"];
                };
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or invalid. */
            401: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role of the token does not allow this. */
            403: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another change came first, or the object is being deleted. */
            409: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The media type of the body is not supported. */
            415: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The input is invalid: `errors` names the fields. */
            422: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many invalid tokens from this address. */
            429: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform is unavailable. */
            503: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_function: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
            };
            header?: never;
            path: {
                /** @description The function's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Function"];
                };
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or invalid. */
            401: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role of the token does not allow this. */
            403: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found. */
            404: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The input is invalid: `errors` names the fields. */
            422: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many invalid tokens from this address. */
            429: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform is unavailable. */
            503: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    read_logs: {
        parameters: {
            query?: {
                /** @description Lines of the call with this id only. */
                call?: string | null;
                /** @description Keep sending new lines. */
                follow?: boolean;
                /** @description The namespace. */
                namespace?: string;
                /** @description Lines of this replica only. */
                replica?: string | null;
                /** @description Number of last lines. */
                tail?: number;
            };
            header?: never;
            path: {
                /** @description The function's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Log lines in order of time: a JSON object each, or plain text. */
            200: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                    "text/plain": string;
                };
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or invalid. */
            401: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found. */
            404: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description None of the accepted media types is available. */
            406: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The input is invalid: `errors` names the fields. */
            422: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many invalid tokens from this address. */
            429: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform is unavailable. */
            503: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_notice: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
            };
            header?: never;
            path: {
                /** @description The function's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "text": "app.py:3: SyntaxError: invalid syntax"
                 *     }
                 */
                "application/json": components["schemas"]["Notice"];
            };
        };
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or invalid. */
            401: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role of the token does not allow this. */
            403: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found. */
            404: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The media type of the body is not supported. */
            415: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The input is invalid: `errors` names the fields. */
            422: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many invalid tokens from this address. */
            429: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description This backend does not support it. */
            501: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform is unavailable. */
            503: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    redeploy_function: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
            };
            header?: never;
            path: {
                /** @description The function's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Function"];
                };
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or invalid. */
            401: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role of the token does not allow this. */
            403: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found. */
            404: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another change came first, or the object is being deleted. */
            409: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The input is invalid: `errors` names the fields. */
            422: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many invalid tokens from this address. */
            429: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform is unavailable. */
            503: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_replicas: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
            };
            header?: never;
            path: {
                /** @description The function's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReplicaList"];
                };
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or invalid. */
            401: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found. */
            404: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The input is invalid: `errors` names the fields. */
            422: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many invalid tokens from this address. */
            429: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform is unavailable. */
            503: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_revisions: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
            };
            header?: never;
            path: {
                /** @description The function's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RevisionList"];
                };
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or invalid. */
            401: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found. */
            404: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The input is invalid: `errors` names the fields. */
            422: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many invalid tokens from this address. */
            429: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform is unavailable. */
            503: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    scale_function: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
            };
            header?: never;
            path: {
                /** @description The function's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "min": 0,
                 *       "max": 5,
                 *       "idle": "30s"
                 *     }
                 */
                "application/json": components["schemas"]["ScaleChange"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Function"];
                };
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or invalid. */
            401: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role of the token does not allow this. */
            403: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found. */
            404: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another change came first, or the object is being deleted. */
            409: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The media type of the body is not supported. */
            415: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The input is invalid: `errors` names the fields. */
            422: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many invalid tokens from this address. */
            429: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform is unavailable. */
            503: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    start_function: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
            };
            header?: never;
            path: {
                /** @description The function's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Function"];
                };
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or invalid. */
            401: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role of the token does not allow this. */
            403: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found. */
            404: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another change came first, or the object is being deleted. */
            409: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The input is invalid: `errors` names the fields. */
            422: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many invalid tokens from this address. */
            429: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform is unavailable. */
            503: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    stop_function: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
            };
            header?: never;
            path: {
                /** @description The function's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Function"];
                };
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or invalid. */
            401: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role of the token does not allow this. */
            403: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found. */
            404: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another change came first, or the object is being deleted. */
            409: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The input is invalid: `errors` names the fields. */
            422: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many invalid tokens from this address. */
            429: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform is unavailable. */
            503: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Prometheus text format 0.0.4. */
            200: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_readiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReadinessView"];
                };
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not ready; `reasons` explains why. */
            503: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReadinessView"];
                };
            };
        };
    };
    register_function: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "orders",
                 *       "image": "localhost:5001/orders:1.0",
                 *       "env": {
                 *         "LOG_LEVEL": "info"
                 *       },
                 *       "timeout": "30s"
                 *     }
                 */
                "application/json": components["schemas"]["Registration"];
            };
        };
        responses: {
            /** @description Stored; the function existed before. */
            200: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    /** @description `true` if the stored function is the same. */
                    "X-Plat-Unchanged"?: "true";
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Function"];
                };
            };
            /** @description Created. */
            201: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Function"];
                };
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or invalid. */
            401: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role of the token does not allow this. */
            403: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Another change came first, or the object is being deleted. */
            409: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The media type of the body is not supported. */
            415: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The input is invalid: `errors` names the fields. */
            422: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many invalid tokens from this address. */
            429: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform is unavailable. */
            503: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_runtimes: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RuntimeList"];
                };
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or invalid. */
            401: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many invalid tokens from this address. */
            429: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform is unavailable. */
            503: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_secrets: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecretList"];
                };
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or invalid. */
            401: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The input is invalid: `errors` names the fields. */
            422: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many invalid tokens from this address. */
            429: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform is unavailable. */
            503: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_secret: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
            };
            header?: never;
            path: {
                /** @description The secret's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecretView"];
                };
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or invalid. */
            401: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found. */
            404: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The input is invalid: `errors` names the fields. */
            422: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many invalid tokens from this address. */
            429: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform is unavailable. */
            503: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_secret: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
            };
            header?: never;
            path: {
                /** @description The secret's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "values": {
                 *         "url": "postgres://…"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["SecretValues"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecretView"];
                };
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or invalid. */
            401: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role of the token does not allow this. */
            403: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The media type of the body is not supported. */
            415: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The input is invalid: `errors` names the fields. */
            422: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many invalid tokens from this address. */
            429: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform is unavailable. */
            503: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_secret: {
        parameters: {
            query?: {
                /** @description The namespace. */
                namespace?: string;
            };
            header?: never;
            path: {
                /** @description The secret's name. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or invalid. */
            401: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The role of the token does not allow this. */
            403: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not found. */
            404: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The input is invalid: `errors` names the fields. */
            422: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many invalid tokens from this address. */
            429: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform is unavailable. */
            503: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_system_info: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SystemInfo"];
                };
            };
            /** @description The request is malformed: invalid JSON, or a token in the query. */
            400: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The token is missing or invalid. */
            401: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Too many invalid tokens from this address. */
            429: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description An internal error; the log has the details under the call id. */
            500: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description A part of the platform is unavailable. */
            503: {
                headers: {
                    /** @description Id of this request in the logs; the client may send its own. */
                    "X-Call-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
