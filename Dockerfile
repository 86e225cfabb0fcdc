# The course as an image: JupyterLab, the course's own kernel, everything built and offline-ready.
#   docker build -t imagegen .                       CPU
#   docker build -t imagegen:cuda --build-arg CUDA=true .
#   docker run --rm -p 127.0.0.1:8888:8888 imagegen
#   docker run --rm --gpus all -p 127.0.0.1:8888:8888 imagegen:cuda
# JupyterHub starts the same image with the command jupyterhub-singleuser.

ARG DOTNET_IMAGE=mcr.microsoft.com/dotnet/sdk:10.0-noble

# --- build: restore and compile once ---------------------------------------------------------------------------------
FROM ${DOTNET_IMAGE} AS build
ARG CUDA=false
ENV DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 NUGET_PACKAGES=/opt/nuget
WORKDIR /opt/course
# Package versions first: this layer changes rarely and holds the large downloads.
COPY global.json Directory.Build.props Directory.Build.targets Directory.Packages.props ImageGen.Lib.csproj ./
COPY kernel/Engine/ElfVersionNeeds.cs kernel/Engine/
COPY kernel/ImageGen.Kernel.csproj kernel/
COPY commands/ImageGen.Course.csproj commands/
RUN dotnet restore commands -p:Cuda=${CUDA}
COPY . .
RUN dotnet build commands --no-restore -p:Cuda=${CUDA}

# --- the image: no package cache, no root ----------------------------------------------------------------------------
FROM ${DOTNET_IMAGE}
ARG CUDA=false
ENV DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 \
    IMAGEGEN_PREBUILT=1 IMAGEGEN_CACHE=/home/student/.cache/imagegen \
    PATH=/opt/jupyter/bin:$PATH
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3-venv tini \
 && rm -rf /var/lib/apt/lists/* \
 && python3 -m venv /opt/jupyter \
 && /opt/jupyter/bin/pip install --no-cache-dir \
      jupyterlab==4.4.10 notebook==7.4.7 nbconvert==7.16.6 jupyterhub==5.4.2 \
 && useradd --create-home --uid 1001 --shell /bin/bash student
COPY --from=build --chown=student:student /opt/course /home/student/course
USER student
WORKDIR /home/student/course
RUN ./course kernel install --user
EXPOSE 8888
ENTRYPOINT ["tini", "--"]
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--port=8888", "--no-browser", "--ServerApp.root_dir=/home/student/course"]
